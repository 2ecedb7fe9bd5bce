{{/* nats-server.conf. The users are in a file of their own, which is read again when it changes; this one is not. */}}
{{- define "mm2ss.natsConfig" -}}
{{- $name := include "mm2ss.fullname" . }}{{ $nats := .Values.nats }}{{ $listen := include "mm2ss.listen" . -}}
server_name: $POD_NAME
listen: "{{ $listen }}:4222"
http: "{{ $listen }}:8222"
pid_file: /run/nats/nats.pid
lame_duck_grace_period: 5s
lame_duck_duration: {{ $nats.lameDuckSeconds }}s
jetstream {
  store_dir: /data
  # What is confirmed is on disk.
  sync_interval: always
{{- with $nats.maxFileStore }}
  max_file_store: {{ . }}
{{- end }}
}
{{- if gt (int $nats.replicas) 1 }}
cluster {
  name: {{ $name }}
  listen: "{{ $listen }}:6222"
  # Clients know all servers by names that stay; the addresses of pods do not.
  no_advertise: true
  routes: [
{{- range until (int $nats.replicas) }}
    {{ printf "nats-route://%s-nats-%d.%s-nats-headless:6222" $name . $name | quote }}
{{- end }}
  ]
{{- if $nats.tls.existingSecret }}
  tls { cert_file: /etc/nats-tls/tls.crt, key_file: /etc/nats-tls/tls.key, ca_file: /etc/nats-tls/ca.crt, verify: true }
{{- end }}
}
{{- end }}
{{- if $nats.tls.existingSecret }}
tls { cert_file: /etc/nats-tls/tls.crt, key_file: /etc/nats-tls/tls.key, ca_file: /etc/nats-tls/ca.crt }
{{- end }}
{{- if $nats.auth.enabled }}
# It takes the path for one that begins beside this file.
include "../nats-users/authorization.conf"
{{- end }}
{{ $nats.extraConfig }}
{{- end }}
