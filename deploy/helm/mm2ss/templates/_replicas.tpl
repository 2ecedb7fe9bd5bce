{{/*
How many pods: a number as it is. Null leaves it out, so that the number that `kubectl scale` or an autoscaler has set stays, at a
rollback too. Where an earlier manifest had a number, to leave it out would be to set it to 1: then the number that is there now is
written. (list $ "router" PART)
*/}}
{{- define "mm2ss.replicas" -}}
{{- $root := index . 0 }}{{ $replicas := (index . 2).replicas -}}
{{- if not (kindIs "invalid" $replicas) -}}
replicas: {{ int $replicas }}
{{- else -}}
{{- $live := lookup "apps/v1" "Deployment" $root.Release.Namespace (printf "%s-%s" (include "mm2ss.fullname" $root) (index . 1)) -}}
{{- if dig "metadata" "annotations" "iec104mm2ss/replicas" "" $live -}}
replicas: {{ int $live.spec.replicas }}
{{- end -}}
{{- end -}}
{{- end }}

{{/* An autoscaler: (list $ "router" PART). */}}
{{- define "mm2ss.autoscaler" -}}
{{- $root := index . 0 }}{{ $component := index . 1 }}{{ $scaling := (index . 2).autoscaling -}}
{{- if $scaling.enabled -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "mm2ss.fullname" $root }}-{{ $component }}
  labels: {{- include "mm2ss.labels" (list $root $component) | nindent 4 }}
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: {{ include "mm2ss.fullname" $root }}-{{ $component }} }
  minReplicas: {{ $scaling.minReplicas }}
  maxReplicas: {{ $scaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: { type: Utilization, averageUtilization: {{ $scaling.targetCPUUtilizationPercentage }} }
  # A pod that is taken away costs its masters a reconnection: one at a time, and not for a short lull.
  behavior:
    scaleDown:
      stabilizationWindowSeconds: {{ $scaling.scaleDownStabilizationSeconds }}
      policies: [{ type: Pods, value: 1, periodSeconds: 60 }]
{{- end }}
{{- end }}
