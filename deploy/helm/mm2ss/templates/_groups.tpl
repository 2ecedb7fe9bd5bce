{{/* Groups, and how they are put into pods and Services. */}}

{{/* The range of ids, N long, in which an id is: (list "137" 50) is 100-149; the id itself when N is 1. */}}
{{- define "mm2ss.range" -}}
{{- $id := index . 0 }}{{ $n := index . 1 | int64 -}}
{{- if eq $n 1 }}{{ $id }}{{ else -}}
{{- $from := mul (div (int64 $id) $n) $n -}}
{{ $from }}-{{ sub (add $from $n) 1 }}
{{- end -}}
{{- end }}

{{/* Ids by range, as JSON: (list .Values.groups 50). */}}
{{- define "mm2ss.ranges" -}}
{{- $n := index . 1 }}{{ $ranges := dict -}}
{{- range $id := keys (index . 0) | sortAlpha -}}
{{- $range := include "mm2ss.range" (list $id $n) -}}
{{- $_ := set $ranges $range (append (get $ranges $range | default list) $id) -}}
{{- end -}}
{{- toJson $ranges -}}
{{- end }}

{{/* Not empty when the group speaks TLS to its RTU. */}}
{{- define "mm2ss.tlsToRtu" -}}
{{- range .hosts }}{{ if .tls }}yes{{ end }}{{ end -}}
{{- end }}

{{/* The secret with the shared files for TLS; empty: there is none. */}}
{{- define "mm2ss.tlsSecret" -}}
{{- if .Values.tls.existingSecret }}{{ .Values.tls.existingSecret }}
{{- else if .Values.tls.certManager.enabled }}{{ include "mm2ss.fullname" . }}-tls{{ end -}}
{{- end }}

{{/* The volume with the files for TLS: the shared ones, and in a folder those of each group that has its own. (list $ IDS) */}}
{{- define "mm2ss.tlsSources" -}}
{{- $root := index . 0 -}}
{{- with include "mm2ss.tlsSecret" $root }}
- secret: { name: {{ . }} }
{{- with $root.Values.tls.crlConfigMap }}
- configMap: { name: {{ . }} }
{{- end }}
{{- end }}
{{- range $id := index . 1 }}
{{- with (index $root.Values.groups $id).tlsSecret }}
- secret:
    name: {{ . }}
    items:
      - { key: tls.crt, path: {{ $id }}/tls.crt }
      - { key: tls.key, path: {{ $id }}/tls.key }
- secret:
    name: {{ . }}
    optional: true
    items: [{ key: ca.crt, path: {{ $id }}/ca.crt }]
{{- end }}
{{- end }}
{{- end }}
