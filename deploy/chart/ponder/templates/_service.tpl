{{/*
ponder.deployment is the Deployment of one of Ponder's services. It takes root, name, values (of the component), port
(of gRPC; HTTP is 90 above), args, and optionally headless (other pods take over the clients of one that stops), strategy,
env, mounts and volumes.
*/}}
{{- define "ponder.deployment" -}}
{{- $vllm := eq (.values.engine | default "") "vllm" -}}
{{- $lameDuck := ternary .root.Values.lameDuckSeconds 0 (.headless | default false) -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "ponder.metadata" . | nindent 2 }}
spec:
  {{- if not .scaled }}
  replicas: {{ .values.replicas }}
  {{- end }}
  revisionHistoryLimit: 3
  strategy:
    {{- .strategy | default (dict "type" "RollingUpdate" "rollingUpdate" (dict "maxSurge" 1 "maxUnavailable" 0)) | toYaml | nindent 4 }}
  selector:
    matchLabels:
      {{- include "ponder.selector" . | nindent 6 }}
  template:
    metadata:
      {{- include "ponder.podMetadata" . | nindent 6 }}
    spec:
      {{- include "ponder.podSpec" . | nindent 6 }}
      terminationGracePeriodSeconds: {{ add $lameDuck .root.Values.stopTimeoutSeconds 5 }}
      {{- if $vllm }}
      initContainers:
        {{- include "ponder.vllm" . | nindent 8 }}
      {{- end }}
      containers:
        - name: {{ .name }}
          image: {{ include "ponder.image" . }}
          imagePullPolicy: {{ .root.Values.image.pullPolicy }}
          args:
            - -addr=:{{ .port }}
            - -metrics-addr=:{{ add .port 90 }}
            {{- if $lameDuck }}
            - -lame-duck={{ $lameDuck }}s
            {{- end }}
            - -stop-timeout={{ .root.Values.stopTimeoutSeconds }}s
            {{- range .args }}
            - {{ . }}
            {{- end }}
          {{- $env := include "ponder.environment" . }}
          {{- if or $env .env .values.env }}
          env:
            {{- with $env }}{{ . | nindent 12 }}{{ end }}
            {{- with .env }}{{ toYaml . | nindent 12 }}{{ end }}
            {{- with .values.env }}{{ toYaml . | nindent 12 }}{{ end }}
          {{- end }}
          ports:
            - {name: grpc, containerPort: {{ .port }}}
            - {name: http, containerPort: {{ add .port 90 }}}
          startupProbe:
            httpGet: {path: /livez, port: http}
            periodSeconds: 2
            failureThreshold: 30
          livenessProbe:
            httpGet: {path: /livez, port: http}
            periodSeconds: 10
            failureThreshold: 3
          readinessProbe:
            httpGet: {path: /readyz, port: http}
            periodSeconds: 2
            failureThreshold: 2
          resources:
            {{- toYaml .values.resources | nindent 12 }}
          securityContext:
            {{- include "ponder.containerSecurity" . | nindent 12 }}
          volumeMounts:
            - {name: tmp, mountPath: /tmp}
            {{- with .mounts }}{{ toYaml . | nindent 12 }}{{ end }}
      volumes:
        - {name: tmp, emptyDir: {}}
        {{- with .volumes }}{{ toYaml . | nindent 8 }}{{ end }}
        {{- if $vllm }}
        {{- include "ponder.vllmVolumes" . | nindent 8 }}
        {{- end }}
{{- end }}

{{/* ponder.service is the Service of a component's gRPC port. Without a cluster IP clients see, and spread over, all pods. */}}
{{- define "ponder.service" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "ponder.metadata" . | nindent 2 }}
spec:
  {{- if .headless }}
  clusterIP: None
  {{- end }}
  selector:
    {{- include "ponder.selector" . | nindent 4 }}
  ports:
    - {name: grpc, port: {{ .port }}, targetPort: grpc, appProtocol: kubernetes.io/h2c}
{{- end }}

{{- define "ponder.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "ponder.metadata" . | nindent 2 }}
automountServiceAccountToken: false
{{- end }}

{{- define "ponder.disruptionBudget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "ponder.metadata" . | nindent 2 }}
spec:
  maxUnavailable: {{ .maxUnavailable }}
  selector:
    matchLabels:
      {{- include "ponder.selector" . | nindent 6 }}
{{- end }}

{{/* ponder.keyEnv has the API key of a component's model server, if it has one. */}}
{{- define "ponder.keyEnv" -}}
{{- with .values.apiKeySecret }}
{{- if .name }}
- name: {{ $.variable }}
  valueFrom: {secretKeyRef: {name: {{ .name }}, key: {{ .key }}}}
{{- end }}
{{- end }}
{{- end }}
