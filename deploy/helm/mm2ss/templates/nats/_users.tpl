{{/*
The users in files of a size that a ConfigMap holds, as JSON: authorization.conf, and what it includes, users-0.conf and so on. An
account begins at a line `# NAME: ...`. Without the blanks before lines, which are a good part of it.
*/}}
{{- define "mm2ss.natsUserFiles" -}}
{{- $text := regexReplaceAll "(?m)^ +" .Values.natsUsers "" }}{{ $most := 900000 -}}
{{- $files := list $text -}}
{{- if gt (len $text) $most -}}
{{- $blocks := regexReplaceAll "}\\s*$" $text "" | splitList "\n# " -}}
{{- $head := first $blocks }}{{ $parts := list }}{{ $part := list }}{{ $length := 0 -}}
{{- range rest $blocks -}}
{{- if gt (add $length (len .)) $most }}{{ $parts = append $parts (join "" $part) }}{{ $part = list }}{{ $length = 0 }}{{ end -}}
{{- $part = append $part (printf "# %s\n" .) }}{{ $length = add $length (len .) 3 -}}
{{- end -}}
{{- $parts = append $parts (join "" $part) -}}
{{- $includes := list }}{{ range $index, $_ := $parts }}{{ $includes = append $includes (printf "include \"users-%d.conf\"" $index) }}{{ end -}}
{{- $files = prepend $parts (printf "%s\n%s\n}\n" $head (join "\n" $includes)) -}}
{{- end -}}
{{- toJson $files -}}
{{- end }}

{{/* ConfigMaps for them. All are in the pod, there or not: one more would start the server anew. */}}
{{- define "mm2ss.natsUserSlots" -}}8{{- end }}
