{{/* Names and labels. */}}

{{- define "mm2ss.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 26 | trimSuffix "-" -}}
{{- end }}

{{/*
The beginning of all names. 26 characters at most: a Service of a range of ids has 63 then. What is longer is cut, and told apart by a
digest.
*/}}
{{- define "mm2ss.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- $full := printf "%s-%s" .Release.Name $name -}}
{{- if .Values.fullnameOverride }}{{ $full = .Values.fullnameOverride }}
{{- else if contains $name .Release.Name }}{{ $full = .Release.Name }}{{ end -}}
{{- if gt (len $full) 26 }}{{ $full = printf "%s-%s" (trunc 19 $full | trimSuffix "-") (sha256sum $full | trunc 6) }}{{ end -}}
{{- $full -}}
{{- end }}

{{- define "mm2ss.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccount.name | default (include "mm2ss.fullname" .) }}
{{- else }}{{ .Values.serviceAccount.name | default "default" }}{{ end -}}
{{- end }}

{{/* What pods are found by; it never changes. Of all parts, or with `(list $ "router")` of one. */}}
{{- define "mm2ss.selector" -}}
{{- $root := . }}{{ $part := "" }}
{{- if kindIs "slice" . }}{{ $root = index . 0 }}{{ $part = index . 1 }}{{ end -}}
app.kubernetes.io/name: {{ include "mm2ss.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
{{- if $part }}
app.kubernetes.io/component: {{ $part }}
{{- end }}
{{- end }}

{{/* Labels of an object: (list $ "router"). */}}
{{- define "mm2ss.labels" -}}
{{- $root := index . 0 -}}
{{ include "mm2ss.selector" . }}
app.kubernetes.io/part-of: mm2ss
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The name of an image: (list $ .Values.image "the default tag"). */}}
{{- define "mm2ss.image" -}}
{{- $root := index . 0 }}{{ $image := index . 1 -}}
{{- $registry := $image.registry | default $root.Values.global.imageRegistry -}}
{{- if $registry }}{{ trimSuffix "/" $registry }}/{{ end }}{{ $image.repository -}}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default (index . 2) }}{{ end -}}
{{- end }}

{{- define "mm2ss.pullSecrets" -}}
{{- range concat .Values.global.imagePullSecrets .Values.image.pullSecrets | uniq }}
- name: {{ kindIs "map" . | ternary . (dict "name" .) | dig "name" "" }}
{{- end }}
{{- end }}

{{/* Where pods listen, for what is not for masters. */}}
{{- define "mm2ss.listen" -}}
{{- $dual := or (hasSuffix "DualStack" .Values.service.ipFamilyPolicy) (has "IPv6" .Values.service.ipFamilies) -}}
{{- $address := .Values.listenAddress | default ($dual | ternary "::" "0.0.0.0") -}}
{{- contains ":" $address | ternary (printf "[%s]" $address) $address -}}
{{- end }}

{{- define "mm2ss.ipFamilies" -}}
{{- with .Values.service.ipFamilyPolicy }}
ipFamilyPolicy: {{ . }}
{{- end }}
{{- with .Values.service.ipFamilies }}
ipFamilies: {{ toJson . }}
{{- end }}
{{- end }}
