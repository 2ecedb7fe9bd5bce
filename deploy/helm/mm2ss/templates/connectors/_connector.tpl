{{/*
The pod template of the connector of a group, or of a range of ids: a map with root, range and ids.

A pod for one group begins anew when its row changes in a way that a running connector cannot take, which its checksum covers; all
else it takes from the file while it runs. A pod for a range takes everything from the file, and groups that come later, so nothing
in its template is about single groups.
*/}}
{{- define "mm2ss.connectorPod" -}}
{{- $root := .root }}{{ $connectors := .root.Values.connectors }}{{ $id := index .ids 0 -}}
{{- $single := eq (int $connectors.groupsPerPod) 1 -}}
{{- $group := dict }}{{ if $single }}{{ $group = index $root.Values.groups $id }}{{ end -}}
{{- $annotations := dict -}}
{{- if and $single $connectors.restartOnChange $group.checksum }}{{ $annotations = dict "checksum/group" $group.checksum }}{{ end -}}
{{- $tls := "" -}}
{{- if $single }}
{{- if include "mm2ss.tlsToRtu" $group }}{{ $tls = include "mm2ss.tlsSources" (list $root .ids "single") }}{{ end -}}
{{- else }}{{ $tls = include "mm2ss.tlsSources" (list $root .ids) }}{{ end -}}
{{- $env := list }}{{ if $tls }}{{ $env = include "mm2ss.tlsEnv" $root | fromYamlArray }}{{ end -}}
{{- include "mm2ss.podTemplate" (dict
  "root" $root "component" "connector" "part" $connectors "group" $group
  "key" (printf "connector-%s" .range) "args" (list "connector" "--group" .range)
  "labels" (dict "iec104mm2ss/group" .range) "annotations" $annotations "env" $env "tls" $tls
  "hostNetwork" $group.hostNetwork "httpPort" $group.httpPort "healthPort" $group.healthPort) -}}
{{- end }}
