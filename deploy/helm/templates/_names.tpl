{{- define "portcullis.name" -}}
{{- if contains "portcullis" .Release.Name }}{{ .Release.Name | trunc 53 | trimSuffix "-" }}{{ else }}{{ printf "%s-portcullis" .Release.Name | trunc 53 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "portcullis.account" -}}
{{- .Values.serviceAccount.name | default (ternary (include "portcullis.name" .) "default" .Values.serviceAccount.enabled) }}
{{- end }}

{{- /* By which Pods are found: they stay what they are from one version to the next. */}}
{{- define "portcullis.selector" -}}
app.kubernetes.io/name: portcullis
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "portcullis.labels" -}}
{{ include "portcullis.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* "yes" where each Gateway has a name in its own namespace. */}}
{{- define "portcullis.gatewayAliases" -}}
{{- if and .Values.gatewayAliases (include "portcullis.gatewayServices" .) -}}
yes
{{- end -}}
{{- end }}

{{/* The type of the Services of Gateways; nothing where they have none. */}}
{{- define "portcullis.gatewayServices" -}}
{{- if and .Values.gatewayServices.enabled .Values.service.enabled (not .Values.publish) (not .Values.hostPorts) -}}
{{ .Values.gatewayServices.type }}
{{- end -}}
{{- end }}
