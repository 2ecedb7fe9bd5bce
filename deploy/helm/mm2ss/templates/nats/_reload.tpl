{{/* The containers of our image beside nats-server: what it reads besides its own configuration. */}}

{{/* Their image: that of the parts, unless nats.reloadImage says otherwise, so that a new one does not start the server anew. */}}
{{- define "mm2ss.reloadImage" -}}
{{- $own := .Values.nats.reloadImage }}{{ $image := .Values.image -}}
{{- $version := or $own.tag $own.digest | empty | ternary $image $own -}}
{{- include "mm2ss.image" (list . (dict
  "registry" ($own.registry | default $image.registry)
  "repository" ($own.repository | default $image.repository)
  "tag" $version.tag
  "digest" $version.digest
) .Chart.AppVersion) }}
{{- end }}

{{- define "mm2ss.reloadContainer" -}}
image: {{ include "mm2ss.reloadImage" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
resources: {{- toYaml .Values.nats.reloadResources | nindent 2 }}
securityContext: {{- toYaml .Values.podDefaults.containerSecurityContext | nindent 2 }}
{{- end }}

{{/* Mounts of the users: as they are listed, and as nats-server reads them. */}}
{{- define "mm2ss.userMounts" -}}
{{- if .Values.nats.auth.enabled -}}
- { name: user-list, mountPath: /etc/nats-user-list, readOnly: true }
- { name: users, mountPath: /etc/nats-users }
{{- end }}
{{- end }}
