"""The tutorial's own manifests, with the differences that the README lists and no others.

Source: derlin/fribourg-linux-seminar-k8s-deploy-like-a-pro, `kube/`.
"""

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: rickroller
spec:
  replicas: 3
  selector:
    matchLabels:
      app: rickroller
  template:
    metadata:
      labels:
        app: rickroller
    spec:
      containers:
        - image: derlin/rickroller:latest
          name: rickroller
          ports:
            - containerPort: 8080
          env:
            # not in the tutorial: one key for all pods
            - name: APP_SECRET_KEY
              valueFrom:
                secretKeyRef:
                  name: {secret}
                  key: APP_SECRET_KEY
            - name: BEHIND_PROXY
              value: "true"
"""

SERVICE = """
apiVersion: v1
kind: Service
metadata:
  name: rickroller
spec:
  type: ClusterIP
  selector:
    app: rickroller
  ports:
    - port: 80
      targetPort: 8080
"""

INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: rickroller
  annotations:
    nginx.ingress.kubernetes.io/rewrite-target: /$2
    nginx.ingress.kubernetes.io/use-regex: "true"
    nginx.ingress.kubernetes.io/x-forwarded-prefix: /rickroller
spec:
  # in the tutorial: the annotation kubernetes.io/ingress.class
  ingressClassName: nginx
  rules:
    - http:
        paths:
          - path: /rickroller(/|$)(.*)
            # in the tutorial: Prefix, which today's controller refuses
            pathType: ImplementationSpecific
            backend:
              service:
                name: rickroller
                port:
                  number: 80
"""
