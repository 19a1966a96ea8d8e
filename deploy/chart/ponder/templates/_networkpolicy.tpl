{{/*
ponder.networkPolicy selects the pods of a component, or all of the release if there is no name. It takes the rules of
ingress and egress as texts, of which empty ones are left out; a direction that is missing is not restricted by it.
*/}}
{{- define "ponder.networkPolicy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "ponder.metadata" . | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "ponder.selector" . | nindent 6 }}
  policyTypes:
    {{- if hasKey . "ingress" }}
    - Ingress
    {{- end }}
    {{- if hasKey . "egress" }}
    - Egress
    {{- end }}
  {{- with compact (.ingress | default list) }}
  ingress:
    {{- range . }}{{ . | nindent 4 }}{{ end }}
  {{- end }}
  {{- with compact (.egress | default list) }}
  egress:
    {{- range . }}{{ . | nindent 4 }}{{ end }}
  {{- end }}
{{- end }}

{{/* ponder.rule allows ports, pairs of protocol and port, from or to (key) peers; no peers are all. */}}
{{- define "ponder.rule" -}}
- ports:
    {{- range .ports }}
    - {protocol: {{ index . 0 }}, port: {{ index . 1 }}}
    {{- end }}
  {{- with .peers }}
  {{ $.key }}:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* ponder.peers are the pods of components. */}}
{{- define "ponder.peers" -}}
{{- range .names }}
- podSelector:
    matchLabels:
      {{- include "ponder.selector" (dict "root" $.root "name" .) | nindent 6 }}
{{- end }}
{{- end }}

{{- define "ponder.from" -}}
{{ include "ponder.rule" (dict "key" "from" "peers" (include "ponder.peers" . | fromYamlArray) "ports" (list (list "TCP" .port))) }}
{{- end }}

{{- define "ponder.to" -}}
{{ include "ponder.rule" (dict "key" "to" "peers" (include "ponder.peers" . | fromYamlArray) "ports" (list (list "TCP" .port))) }}
{{- end }}

{{- define "ponder.toNATS" -}}
{{- if .Values.nats.enabled }}{{ include "ponder.to" (dict "root" . "names" (list "nats") "port" "client") }}
{{- else }}{{ include "ponder.rule" (dict "key" "to" "peers" .Values.nats.peers "ports" (list (list "TCP" 4222))) }}{{ end }}
{{- end }}

{{/* ponder.toModel allows a component to reach its model server, or vLLM in its pod to download the model. */}}
{{- define "ponder.toModel" -}}
{{- if eq .values.engine "server" }}
{{- $port := include "ponder.port" (dict "url" .values.server.url) | int }}
{{- include "ponder.rule" (dict "key" "to" "peers" .values.server.peers "ports" (list (list "TCP" $port))) }}
{{- else if eq .values.engine "vllm" }}
{{- include "ponder.rule" (dict "key" "to" "peers" list "ports" (list (list "TCP" 443))) }}
{{- end }}
{{- end }}
