{{/* Which NATS, and who one is there. */}}

{{/* Not empty when the chart installs it. */}}
{{- define "mm2ss.natsBundled" -}}
{{- if not (or .Values.nats.url .Values.nats.urlSecret.name) }}yes{{ end -}}
{{- end }}

{{/*
Each server has a Service of its own: its address stays when the pod is another one, so that clients are back at once, and each server
can be asked whether it writes to disk before it confirms.
*/}}
{{- define "mm2ss.natsUrl" -}}
{{- if .Values.nats.url }}{{ .Values.nats.url }}{{ else -}}
{{- $scheme := empty .Values.nats.tls.existingSecret | ternary "nats" "tls" -}}
{{- $urls := list -}}
{{- range $index := until (int .Values.nats.replicas) -}}
{{- $urls = append $urls (printf "%s://%s-nats-%d:4222" $scheme (include "mm2ss.fullname" $) $index) -}}
{{- end -}}
{{- join "," $urls -}}
{{- end -}}
{{- end }}

{{/* Environment of a process that speaks NATS: (list $ "NAME of its key"). */}}
{{- define "mm2ss.natsEnv" -}}
{{- $root := index . 0 }}{{ $nats := $root.Values.nats -}}
- name: MM2SS_NATS
{{- if $nats.urlSecret.name }}
  valueFrom: { secretKeyRef: { name: {{ $nats.urlSecret.name }}, key: {{ $nats.urlSecret.key }} } }
{{- else }}
  value: {{ include "mm2ss.natsUrl" $root | quote }}
{{- end }}
{{- if eq (include "mm2ss.natsCopies" $root) "3" }}
- { name: MM2SS_NATS_REPLICAS, value: "3" }
{{- end }}
{{- with $nats.monitor }}
- { name: MM2SS_NATS_MONITOR, value: {{ quote . }} }
{{- end }}
{{- if $nats.credsSecret }}
- { name: MM2SS_NATS_CREDS, value: /etc/mm2ss-nats/nats.creds }
{{- else if $nats.auth.enabled }}
- { name: MM2SS_NATS_NKEY, value: /etc/mm2ss-nats/{{ index . 1 }}.nk }
{{- end }}
{{- if $nats.tls.existingSecret }}
- { name: MM2SS_NATS_CA, value: /etc/mm2ss-nats/ca.crt }
{{- end }}
{{- if $nats.tls.clientSecret }}
- { name: MM2SS_NATS_CERT, value: /etc/mm2ss-nats/tls.crt }
- { name: MM2SS_NATS_KEY, value: /etc/mm2ss-nats/tls.key }
{{- end }}
{{- end }}

{{- define "mm2ss.natsCopies" -}}
{{- include "mm2ss.natsBundled" . | empty | ternary .Values.nats.streamReplicas .Values.nats.replicas -}}
{{- end }}

{{/* What such a process mounts at /etc/mm2ss-nats: its own key and nobody else's. (list $ "NAME of its key") */}}
{{- define "mm2ss.natsSources" -}}
{{- $root := index . 0 }}{{ $nats := $root.Values.nats -}}
{{- if $nats.credsSecret }}
- secret: { name: {{ $nats.credsSecret }}, items: [{ key: nats.creds, path: nats.creds }] }
{{- else if $nats.auth.enabled }}
- secret: { name: {{ $nats.auth.existingSecret }}, items: [{ key: {{ index . 1 }}.nk, path: {{ index . 1 }}.nk }] }
{{- end }}
{{- with $nats.tls.existingSecret }}
- secret: { name: {{ . }}, items: [{ key: ca.crt, path: ca.crt }] }
{{- end }}
{{- with $nats.tls.clientSecret }}
- secret: { name: {{ . }}, items: [{ key: tls.crt, path: tls.crt }, { key: tls.key, path: tls.key }] }
{{- end }}
{{- end }}
