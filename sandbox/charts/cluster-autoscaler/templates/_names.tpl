{{- define "name" -}}
{{ .Values.nameOverride | default (printf "%s-%s" .Values.cloudProvider .Chart.Name) | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "fullname" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if eq (include "name" .) .Release.Name -}}
{{ .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name (include "name" .) | trunc 63 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{- define "account" -}}
{{- with .Values.rbac.serviceAccount -}}
{{ .name | default (.create | ternary (include "fullname" $) "default") }}
{{- end -}}
{{- end }}

{{- define "secret" -}}
{{ .Values.secretKeyRefNameOverride | default (include "fullname" .) }}
{{- end }}

{{- define "selector" -}}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/name: {{ include "name" . | quote }}
{{- end }}

{{- define "labels" -}}
{{ include "selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- with .Values.additionalLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}
