{{/* The pod that creates on the NATS server what the parts store there: with users no part may do so itself. */}}
{{- define "mm2ss.setupPod" -}}
{{- $defaults := .Values.podDefaults -}}
metadata:
  labels:
    {{- include "mm2ss.selector" (list . "setup") | nindent 4 }}
    {{- with $defaults.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  restartPolicy: OnFailure
  {{- include "mm2ss.podSpec" (dict "root" . "part" dict) | nindent 2 }}
  {{- with $defaults.affinity }}
  affinity: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $defaults.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: setup
      image: {{ include "mm2ss.image" (list . .Values.image .Chart.AppVersion) }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [nats-setup]
      env:
        - { name: MM2SS_INI, value: /etc/mm2ss/groups.csv }
        {{- include "mm2ss.natsEnv" (list . "setup") | nindent 8 }}
        {{- with $defaults.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      resources: {{- toYaml .Values.nats.setup.resources | nindent 8 }}
      securityContext: {{- toYaml $defaults.containerSecurityContext | nindent 8 }}
      volumeMounts:
        - { name: groups, mountPath: /etc/mm2ss, readOnly: true }
        - { name: nats, mountPath: /etc/mm2ss-nats, readOnly: true }
  volumes:
    - name: groups
      configMap: { name: {{ include "mm2ss.fullname" . }}-groups }
    - name: nats
      projected:
        defaultMode: 0440
        sources: {{- include "mm2ss.natsSources" (list . "setup") | nindent 10 }}
{{- end }}
