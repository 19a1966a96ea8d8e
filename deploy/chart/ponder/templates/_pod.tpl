{{/* ponder.podSecurity is the security context of every pod, as Pod Security "restricted" requires. */}}
{{- define "ponder.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/* ponder.containerSecurity is the security context of every container but vLLM's, which writes to its root. */}}
{{- define "ponder.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* ponder.podMetadata labels the pods of a component. */}}
{{- define "ponder.podMetadata" -}}
labels:
  {{- include "ponder.selector" . | nindent 2 }}
  app.kubernetes.io/part-of: ponder
  app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
{{- end }}

{{/* ponder.podSpec has the fields that the pods of all components share. */}}
{{- define "ponder.podSpec" -}}
serviceAccountName: {{ include "ponder.fullname" .root }}-{{ .name }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- if .root.Values.priorityClass.create }}
priorityClassName: {{ include "ponder.fullname" .root }}
{{- else if .root.Values.priorityClass.name }}
priorityClassName: {{ .root.Values.priorityClass.name }}
{{- end }}
securityContext:
  {{- include "ponder.podSecurity" . | nindent 2 }}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: {{ if and $.spread (eq . "kubernetes.io/hostname") }}DoNotSchedule{{ else }}ScheduleAnyway{{ end }}
    labelSelector:
      matchLabels:
        {{- include "ponder.selector" $ | nindent 8 }}
  {{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- $tolerations := .values.tolerations }}
{{- if eq (.values.engine | default "") "vllm" }}
{{- $tolerations = append $tolerations (dict "key" "nvidia.com/gpu" "operator" "Exists" "effect" "NoSchedule") }}
{{- with .values.vllm.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- with .values.vllm.gpuProducts }}
affinity:
  nodeAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      nodeSelectorTerms:
        - matchExpressions:
            - key: nvidia.com/gpu.product
              operator: In
              values: {{ toJson . }}
{{- end }}
{{- end }}
{{- with $tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* ponder.environment has what telemetry reads; variables come before their use. */}}
{{- define "ponder.environment" -}}
{{- if .root.Values.collector.enabled }}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: POD_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: http://{{ include "ponder.host" (dict "root" .root "name" "collector") }}:4317
- name: OTEL_RESOURCE_ATTRIBUTES
  value: k8s.pod.name=$(POD_NAME),k8s.namespace.name=$(POD_NAMESPACE)
{{- end }}
{{- end }}
