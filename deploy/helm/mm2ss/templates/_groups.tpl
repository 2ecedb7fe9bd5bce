{{/* Groups, and how they are put into pods and Services. */}}

{{/* The range of ids, N long, in which an id is: (list "137" 50) is 100-149; the id itself when N is 1. */}}
{{- define "mm2ss.range" -}}
{{- $id := index . 0 }}{{ $n := index . 1 | int64 -}}
{{- if eq $n 1 }}{{ $id }}{{ else -}}
{{- $from := mul (div (int64 $id) $n) $n -}}
{{ $from }}-{{ sub (add $from $n) 1 }}
{{- end -}}
{{- end }}

{{/* The Service of gateways that has the ports of a group: (list $ "chunks" "137"). */}}
{{- define "mm2ss.gatewayService" -}}
{{- $root := index . 0 }}{{ $layout := index . 1 }}{{ $id := index . 2 -}}
{{ include "mm2ss.fullname" $root }}-gateway
{{- if eq $layout "chunks" }}-{{ include "mm2ss.range" (list $id $root.Values.gateways.service.chunkSize) }}{{ else if eq $layout "perGroup" }}-{{ $id }}{{ end }}
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

{{/*
The volume with the files for TLS: the shared ones, and those of each group that has its own, in a folder, or by their names in the secret
of all groups. (list $ IDS), and perhaps "single": only these groups' files are in it. It is the same for groups that come later unless
they have a secret of their own.
*/}}
{{- define "mm2ss.tlsSources" -}}
{{- $root := index . 0 -}}{{ $single := has "single" . -}}
{{- with include "mm2ss.tlsSecret" $root }}
- secret: { name: {{ . }} }
{{- with $root.Values.tls.crlConfigMap }}
- configMap: { name: {{ . }} }
{{- end }}
{{- end }}
{{- with $root.Values.tls.groupsSecret }}
{{- $name := . }}
{{- if $single }}
{{- range $id := index $ 1 }}
- secret:
    name: {{ $name }}
    optional: true
    items:
      {{- range list "tls.crt" "tls.key" "ca.crt" }}
      - { key: {{ $id }}.{{ . }}, path: {{ $id }}.{{ . }} }
      {{- end }}
{{- end }}
{{- else }}
- secret: { name: {{ $name }}, optional: true }
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
