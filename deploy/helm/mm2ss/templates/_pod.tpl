{{/* What all pods have in common. */}}

{{/*
The pod template of one of our processes. A map:
  root; component, `router`; part: the values of the part; key: the name of its NATS key; args;
  and where needed: env, labels, annotations, lifecycle; tls: sources of the volume with files for TLS; hostNetwork, httpPort,
  healthPort, sysctls; group: values of a group that go before those of the part.
Labels do not name the version: pods would be started anew for nothing.
*/}}
{{- define "mm2ss.podTemplate" -}}
{{- $root := .root }}{{ $values := .root.Values }}{{ $part := .part }}{{ $group := .group | default dict -}}
{{- $httpPort := .httpPort | default $values.http.port }}{{ $healthPort := .healthPort | default $values.http.healthPort -}}
metadata:
  labels:
    {{- include "mm2ss.selector" (list $root .component) | nindent 4 }}
    {{- with merge (dict) (.labels | default dict) ($group.podLabels | default dict) $part.podLabels $values.podDefaults.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- $annotations := merge (dict) (.annotations | default dict) ($group.podAnnotations | default dict) $part.podAnnotations $values.podDefaults.annotations }}
  {{- if $values.monitoring.annotations }}
  {{- $annotations = merge $annotations (dict "prometheus.io/scrape" "true" "prometheus.io/port" (toString $httpPort) "prometheus.io/path" "/metrics") }}
  {{- end }}
  {{- with $annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- include "mm2ss.podSpec" (dict "root" $root "part" $part "group" $group "sysctls" .sysctls) | nindent 2 }}
  {{- include "mm2ss.tolerations" (dict "root" $root "part" $part "group" $group) | nindent 2 }}
  {{- include "mm2ss.spread" (list $root .component $part ($group.affinity | default $part.affinity | default $values.podDefaults.affinity)) | nindent 2 }}
  {{- if .hostNetwork }}
  hostNetwork: true
  dnsPolicy: ClusterFirstWithHostNet
  {{- end }}
  {{- with $part.extraInitContainers }}
  initContainers: {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: {{ .component }}
      image: {{ include "mm2ss.image" (list $root $values.image $root.Chart.AppVersion) }}
      imagePullPolicy: {{ $values.image.pullPolicy }}
      args: {{ concat .args ($part.extraArgs | default list) | toJson }}
      env:
        {{- include "mm2ss.processEnv" (dict "root" $root "httpPort" $httpPort "healthPort" $healthPort) | nindent 8 }}
        {{- include "mm2ss.natsEnv" (list $root .key) | nindent 8 }}
        {{- with concat (.env | default list) $values.podDefaults.extraEnv ($part.extraEnv | default list) ($group.extraEnv | default list) }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        - { name: http, containerPort: {{ $httpPort }} }
        - { name: health, containerPort: {{ $healthPort }} }
      # It waits for NATS before it serves anything: a long time is no fault of its own.
      startupProbe:
        httpGet: { path: /healthz, port: health }
        periodSeconds: 1
        failureThreshold: 900
        timeoutSeconds: 3
      livenessProbe:
        httpGet: { path: /healthz, port: health }
        periodSeconds: 10
        failureThreshold: 4
        timeoutSeconds: 5
      readinessProbe:
        httpGet: { path: /readyz, port: health }
        periodSeconds: 2
        failureThreshold: 2
        timeoutSeconds: 3
      {{- with .lifecycle }}
      lifecycle: {{- toYaml . | nindent 8 }}
      {{- end }}
      resources: {{- toYaml ($group.resources | default $part.resources) | nindent 8 }}
      securityContext: {{- toYaml $values.podDefaults.containerSecurityContext | nindent 8 }}
      volumeMounts:
        - { name: groups, mountPath: /etc/mm2ss, readOnly: true }
        {{- if include "mm2ss.natsSources" (list $root .key) }}
        - { name: nats, mountPath: /etc/mm2ss-nats, readOnly: true }
        {{- end }}
        {{- if $values.http.tokenSecret }}
        - { name: http-token, mountPath: /etc/mm2ss-http, readOnly: true }
        {{- end }}
        {{- if $values.syslog.tlsSecret }}
        - { name: syslog, mountPath: /etc/mm2ss-syslog, readOnly: true }
        {{- end }}
        {{- if .tls }}
        - { name: tls, mountPath: /etc/mm2ss-tls, readOnly: true }
        {{- end }}
        {{- with concat $values.podDefaults.extraVolumeMounts ($part.extraVolumeMounts | default list) }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    {{- with concat $values.podDefaults.extraContainers ($part.extraContainers | default list) }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    - name: groups
      configMap: { name: {{ include "mm2ss.fullname" $root }}-groups }
    {{- with include "mm2ss.natsSources" (list $root .key) }}
    - name: nats
      projected:
        defaultMode: 0440
        sources: {{- . | nindent 10 }}
    {{- end }}
    {{- with $values.http.tokenSecret }}
    - name: http-token
      secret: { secretName: {{ . }}, defaultMode: 0440 }
    {{- end }}
    {{- with $values.syslog.tlsSecret }}
    - name: syslog
      secret: { secretName: {{ . }}, defaultMode: 0440 }
    {{- end }}
    {{- with .tls }}
    - name: tls
      projected:
        defaultMode: 0440
        sources: {{- . | nindent 10 }}
    {{- end }}
    {{- with concat $values.podDefaults.extraVolumes ($part.extraVolumes | default list) }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}

{{/* What a pod says of itself and of where it wants to be: a map with root, part and perhaps group and sysctls. */}}
{{- define "mm2ss.podSpec" -}}
{{- $root := .root }}{{ $defaults := .root.Values.podDefaults }}{{ $part := .part }}{{ $group := .group | default dict -}}
serviceAccountName: {{ include "mm2ss.serviceAccountName" $root }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with include "mm2ss.pullSecrets" $root }}
imagePullSecrets: {{- . | nindent 2 }}
{{- end }}
securityContext:
  {{- toYaml $defaults.securityContext | nindent 2 }}
  {{- with .sysctls }}
  sysctls: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- with $part.terminationGracePeriodSeconds }}
terminationGracePeriodSeconds: {{ . }}
{{- end }}
{{- with merge (dict) ($group.nodeSelector | default dict) ($part.nodeSelector | default dict) $defaults.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $part.priorityClassName | default $defaults.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $defaults.dnsConfig }}
dnsConfig: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Tolerations: those that are given, and so many seconds on a node that is gone. A map with root, part and perhaps group. */}}
{{- define "mm2ss.tolerations" -}}
{{- $defaults := .root.Values.podDefaults }}{{ $group := .group | default dict -}}
tolerations:
  {{- with concat ($group.tolerations | default list) .part.tolerations $defaults.tolerations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- range list "unreachable" "not-ready" }}
  - { key: node.kubernetes.io/{{ . }}, operator: Exists, effect: NoExecute, tolerationSeconds: {{ $defaults.unreachableSeconds }} }
  {{- end }}
{{- end }}

{{/*
Spread over nodes, each set of pods of a rollout by itself, and better over zones: (list $ "router" PART AFFINITY). Zones are no
second constraint: where nodes are in no zone, the scheduler would leave them out and spread nothing. The affinity of the values takes
the place of the one here.
*/}}
{{- define "mm2ss.spread" -}}
{{- $root := index . 0 }}{{ $component := index . 1 }}{{ $part := index . 2 -}}
{{- $labels := include "mm2ss.selector" (list $root $component) | fromYaml | toJson -}}
{{- with $part.topologySpreadConstraints -}}
topologySpreadConstraints: {{- toYaml . | nindent 2 }}
{{- else -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: {{ $root.Values.podDefaults.whenUnsatisfiable }}
    labelSelector: { matchLabels: {{ $labels }} }
    {{- if has $component (list "router" "gateway") }}
    matchLabelKeys: [pod-template-hash]
    {{- end }}
{{- end }}
affinity:
{{- with index . 3 }}
  {{- toYaml . | nindent 2 }}
{{- else }}
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 50
        podAffinityTerm:
          topologyKey: topology.kubernetes.io/zone
          labelSelector: { matchLabels: {{ $labels }} }
{{- end }}
{{- end }}

{{/* Environment of every process of ours: a map with root, httpPort, healthPort. */}}
{{- define "mm2ss.processEnv" -}}
{{- $root := .root }}{{ $settings := .root.Values.settings }}{{ $http := .root.Values.http }}{{ $name := include "mm2ss.fullname" .root -}}
- { name: MM2SS_INI, value: /etc/mm2ss/groups.csv }
- { name: MM2SS_HTTP, value: "{{ include "mm2ss.listen" $root }}:{{ .httpPort }}" }
- { name: MM2SS_HEALTH, value: "{{ include "mm2ss.listen" $root }}:{{ .healthPort }}" }
{{- $hosts := list (printf "%s-status" $name) (printf "%s-status.%s" $name $root.Release.Namespace) (printf "%s-status.%s.svc" $name $root.Release.Namespace) }}
- { name: MM2SS_HTTP_HOST, value: {{ concat $hosts $http.extraHosts | join "," | quote }} }
{{- if $http.tokenSecret }}
- { name: MM2SS_HTTP_TOKEN, value: /etc/mm2ss-http/{{ $http.tokenKey }} }
{{- end }}
- { name: MM2SS_LOG_LEVEL, value: {{ $settings.logLevel }} }
- { name: MM2SS_HOLD_SECONDS, value: {{ $settings.holdSeconds | quote }} }
{{- with $settings.limits }}
{{- $limits := list }}
{{- range $name, $number := . }}{{ $limits = append $limits (printf "%s=%d" $name (int64 $number)) }}{{ end }}
- { name: MM2SS_LIMITS, value: {{ join "," $limits | quote }} }
{{- end }}
{{- with $root.Values.syslog.url }}
- { name: MM2SS_SYSLOG, value: {{ quote . }} }
{{- end }}
{{- if $root.Values.syslog.tlsSecret }}
- { name: MM2SS_SYSLOG_CA, value: /etc/mm2ss-syslog/ca.crt }
{{- if $root.Values.syslog.clientCertificate }}
- { name: MM2SS_SYSLOG_CERT, value: /etc/mm2ss-syslog/tls.crt }
- { name: MM2SS_SYSLOG_KEY, value: /etc/mm2ss-syslog/tls.key }
{{- end }}
{{- end }}
{{- end }}

{{/* Environment of those who speak TLS with masters and RTUs. */}}
{{- define "mm2ss.tlsEnv" -}}
- { name: MM2SS_TLS_DIR, value: /etc/mm2ss-tls }
- { name: MM2SS_CRL_EXPIRED, value: {{ .Values.tls.crlExpired }} }
- { name: MM2SS_TLS_MAX_AGE, value: {{ .Values.tls.maxAge | quote }} }
{{- end }}

{{/* A PodDisruptionBudget: (list $ "router" PART "NAME"). */}}
{{- define "mm2ss.pdb" -}}
{{- $root := index . 0 }}{{ $component := index . 1 }}{{ $budget := (index . 2).podDisruptionBudget -}}
{{- if $budget.enabled -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "mm2ss.fullname" $root }}-{{ index . 3 }}
  labels: {{- include "mm2ss.labels" (list $root $component) | nindent 4 }}
spec:
  maxUnavailable: {{ $budget.maxUnavailable }}
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels: {{- include "mm2ss.selector" (list $root $component) | nindent 6 }}
{{- end }}
{{- end }}
