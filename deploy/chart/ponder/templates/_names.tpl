{{/* ponder.fullname is the prefix of all objects' names: the release's name, with the chart's in it. */}}
{{- define "ponder.fullname" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{/* ponder.selector has the labels that pods of a component, or of the release if there is no name, are selected by. */}}
{{- define "ponder.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .name }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- define "ponder.labels" -}}
{{ include "ponder.selector" . }}
app.kubernetes.io/part-of: ponder
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{/* ponder.metadata has the name, with a suffix if there is one, the namespace and the labels of a component's object. */}}
{{- define "ponder.metadata" -}}
name: {{ include "ponder.fullname" .root }}{{ with .name }}-{{ . }}{{ end }}{{ with .suffix }}-{{ . }}{{ end }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "ponder.labels" . | nindent 2 }}
{{- end }}

{{- define "ponder.image" -}}
{{- $image := .root.Values.image -}}
{{- with get $image.digests .name }}{{ $image.registry }}/{{ $.name }}@{{ . }}
{{- else }}{{ $image.registry }}/{{ .name }}:{{ $image.tag | default .root.Chart.AppVersion }}{{ end }}
{{- end }}

{{/* ponder.host is the name of a component's Service, for pods of the same namespace. */}}
{{- define "ponder.host" -}}
{{ include "ponder.fullname" .root }}-{{ .name }}
{{- end }}

{{- define "ponder.natsURL" -}}
{{- if .Values.nats.enabled }}nats://{{ include "ponder.host" (dict "root" . "name" "nats") }}:4222
{{- else }}{{ .Values.nats.url }}{{ end }}
{{- end }}

{{/* ponder.port is the port of a URL or of host:port; ports are numbers, since another program listens there. */}}
{{- define "ponder.port" -}}
{{- $url := urlParse (ternary .url (printf "grpc://%s" .url) (contains "://" .url)) -}}
{{- $port := regexFind "[0-9]+$" (regexFind ":[0-9]+$" $url.host) -}}
{{- $port | default (eq $url.scheme "https" | ternary "443" "80") }}
{{- end }}
