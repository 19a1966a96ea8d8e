{{/*
ponder.vllm is the container of vLLM. As a sidecar it starts before the component's container, and stops after it, so that
a worker drains while its model still runs. It listens on all addresses for the kubelet's probes; the NetworkPolicy of the
pod admits no other pod to its port.
*/}}
{{- define "ponder.vllm" -}}
{{- $vllm := .values.vllm -}}
- name: vllm
  image: {{ $vllm.image }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  restartPolicy: Always
  command: [vllm, serve]
  args:
    - {{ .model }}
    - --host=0.0.0.0
    - --port=8000
    {{- range $vllm.args }}
    - {{ . }}
    {{- end }}
  env:
    - {name: HOME, value: /models}
    - {name: HF_HOME, value: /models/huggingface}
    - {name: USER, value: vllm} # the image knows no user 65532
    {{- with $vllm.tokenSecret }}
    {{- if .name }}
    - name: HF_TOKEN
      valueFrom: {secretKeyRef: {name: {{ .name }}, key: {{ .key }}}}
    {{- end }}
    {{- end }}
    {{- include "ponder.keyEnv" (dict "values" .values "variable" "VLLM_API_KEY") | indent 4 }}
  ports:
    - {name: vllm, containerPort: 8000}
  startupProbe:
    httpGet: {path: /health, port: vllm}
    periodSeconds: 10
    failureThreshold: {{ div (add $vllm.startupSeconds 9) 10 }}
  livenessProbe:
    httpGet: {path: /health, port: vllm}
    periodSeconds: 10
    timeoutSeconds: 5
    failureThreshold: 6
  resources:
    requests:
      {{- toYaml $vllm.resources.requests | nindent 6 }}
      nvidia.com/gpu: {{ $vllm.gpus }}
    limits:
      {{- toYaml $vllm.resources.limits | nindent 6 }}
      nvidia.com/gpu: {{ $vllm.gpus }}
  securityContext:
    allowPrivilegeEscalation: false
    capabilities: {drop: [ALL]}
  volumeMounts:
    - {name: models, mountPath: /models}
    - {name: shared-memory, mountPath: /dev/shm}
    - {name: tmp, mountPath: /tmp}
{{- end }}

{{- define "ponder.vllmVolumes" -}}
{{- $cache := .values.vllm.modelCache -}}
- name: shared-memory
  emptyDir: {medium: Memory, sizeLimit: {{ .values.vllm.sharedMemory }}}
{{- if or $cache.existingClaim $cache.size }}
- name: models
  persistentVolumeClaim: {claimName: {{ $cache.existingClaim | default (printf "%s-%s-models" (include "ponder.fullname" .root) .name) }}}
{{- else }}
- {name: models, emptyDir: {}}
{{- end }}
{{- end }}

{{/* ponder.modelCache is the claim of a component's downloaded models, where the chart creates one. */}}
{{- define "ponder.modelCache" -}}
{{- with .values.vllm.modelCache }}
{{- if and (eq $.values.engine "vllm") .size (not .existingClaim) }}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  {{- include "ponder.metadata" (set (deepCopy $) "suffix" "models") | nindent 2 }}
  annotations: {helm.sh/resource-policy: keep}
spec:
  accessModes: [{{ .accessMode }}]
  {{- with .storageClass }}
  storageClassName: {{ . }}
  {{- end }}
  resources: {requests: {storage: {{ .size }}}}
{{- end }}
{{- end }}
{{- end }}
