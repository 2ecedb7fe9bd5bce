{{/* Who reaches whom. */}}

{{/* An address as a network; nothing for a name. A zone is no part of it, and IPv4 may be written as IPv6. */}}
{{- define "mm2ss.cidr" -}}
{{- $address := regexReplaceAll "(?i)^::ffff:([0-9.]+)$" (regexReplaceAll "%.*$" . "") "${1}" -}}
{{- if contains ":" $address }}{{ $address }}/128{{ else if regexMatch "^[0-9.]+$" $address }}{{ $address }}/32{{ end -}}
{{- end }}

{{/* Peers that are networks, as JSON. */}}
{{- define "mm2ss.networks" -}}
{{- $peers := list }}{{ range . }}{{ $peers = append $peers (dict "ipBlock" (dict "cidr" .)) }}{{ end -}}
{{- toJson $peers -}}
{{- end }}

{{/* The port of a URL, or another one: (list "nats://a:4222" 4222). */}}
{{- define "mm2ss.urlPort" -}}
{{- regexFind ":[0-9]+$" (urlParse (trim (index . 0))).host | trimPrefix ":" | default (toString (index . 1)) -}}
{{- end }}

{{/* What a connector says to the RTUs of its groups: rules by host, as JSON. A host with a name may be anywhere. (list $ IDS) */}}
{{- define "mm2ss.rtuRules" -}}
{{- $root := index . 0 }}{{ $ports := dict -}}
{{- range $id := index . 1 }}
{{- range (index $root.Values.groups $id).hosts }}
{{- $cidr := include "mm2ss.cidr" .host }}
{{- $_ := set $ports $cidr (append (get $ports $cidr | default list) (int .port) | uniq | sortAlpha) }}
{{- end }}
{{- end }}
{{- $rules := list -}}
{{- range $cidr, $numbers := $ports }}
{{- $rule := dict "ports" list }}
{{- range $numbers }}{{ $_ := set $rule "ports" (append $rule.ports (dict "port" (int .) "protocol" "TCP")) }}{{ end }}
{{- if $cidr }}{{ $_ := set $rule "to" (list (dict "ipBlock" (dict "cidr" $cidr))) }}{{ end }}
{{- $rules = append $rules $rule }}
{{- end -}}
{{- toJson $rules -}}
{{- end }}
