"""The tutorial's own manifests, with only the differences that docs/getting-started.md lists.

Source: derlin/fribourg-linux-seminar-k8s-deploy-like-a-pro, `kube/`.
"""

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: rickroller
spec:
  replicas: 3
  # not in the tutorial: a rollout without downtime, that ends
  strategy:
    rollingUpdate: {{maxSurge: 1, maxUnavailable: 0}}
  progressDeadlineSeconds: 300
  selector:
    matchLabels: &selector
      app.kubernetes.io/name: rickroller
      app.kubernetes.io/instance: rickroller
  template:
    metadata:
      # in the tutorial: app
      labels:
        app.kubernetes.io/name: rickroller
        app.kubernetes.io/instance: rickroller
        app.kubernetes.io/part-of: webapp
        app.kubernetes.io/managed-by: pulumi
    spec:
      # not in the tutorial: what the level `restricted` asks for, and more
      serviceAccountName: rickroller
      automountServiceAccountToken: false
      enableServiceLinks: false
      securityContext:
        runAsNonRoot: true
        runAsUser: 1000
        runAsGroup: 1000
        fsGroup: 1000
        seccompProfile: {{type: RuntimeDefault}}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector: {{matchLabels: *selector}}
          matchLabelKeys: [pod-template-hash]
      volumes:
        - name: writable
          emptyDir: {{}}
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
          # not in the tutorial, from here on
          resources:
            requests: {{cpu: 50m, memory: 128Mi}}
            limits: {{memory: 256Mi}}
          securityContext:
            allowPrivilegeEscalation: false
            capabilities: {{drop: [ALL]}}
            readOnlyRootFilesystem: true
          volumeMounts:
            - {{name: writable, mountPath: /tmp, subPath: rickroller/tmp}}
          startupProbe:
            httpGet: &page {{path: /, port: 8080}}
            periodSeconds: 2
            timeoutSeconds: 3
            failureThreshold: 30
          readinessProbe:
            httpGet: *page
            periodSeconds: 5
            timeoutSeconds: 3
            failureThreshold: 3
          livenessProbe:
            httpGet: *page
            periodSeconds: 10
            timeoutSeconds: 3
            failureThreshold: 6
          lifecycle:
            preStop:
              sleep: {{seconds: 5}}
"""

SERVICE = """
apiVersion: v1
kind: Service
metadata:
  name: rickroller
spec:
  type: ClusterIP
  # in the tutorial: app
  selector:
    app.kubernetes.io/name: rickroller
    app.kubernetes.io/instance: rickroller
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
