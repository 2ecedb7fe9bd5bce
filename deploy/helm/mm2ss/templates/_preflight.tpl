{{/* What goes not together is told before anything is installed, each with what to do about it. */}}

{{- define "mm2ss.preflight" -}}
{{- include "mm2ss.preflightFile" . -}}
{{- include "mm2ss.preflightNats" . -}}
{{- include "mm2ss.preflightGroups" . -}}
{{- include "mm2ss.preflightFromFile" . -}}
{{- include "mm2ss.preflightConnectors" . -}}
{{- include "mm2ss.preflightGateways" . -}}
{{- include "mm2ss.preflightLayout" . -}}
{{- include "mm2ss.preflightNodes" . -}}
{{- include "mm2ss.preflightResources" . -}}
{{- include "mm2ss.preflightLabels" . -}}
{{- include "mm2ss.preflightNoEffect" . -}}
{{- if include "mm2ss.natsBundled" . }}{{ include "mm2ss.preflightNatsStore" . }}{{ end -}}
{{- end }}

{{- define "mm2ss.preflightFile" -}}
{{- $command := printf "mm2ss chart groups.csv -o chart\n  helm upgrade --install %s chart --namespace %s" .Release.Name .Release.Namespace -}}
{{- if not .Values.groups }}
{{- if .Values.csv }}
{{- fail (printf "\n\nThe chart needs more of the file than its text (ports, hosts, networks of the groups). Instead of --set-file csv=groups.csv:\n\n  %s\n\nor, for this chart as it is:\n\n  mm2ss chart groups.csv --values-only -o groups.yaml\n  helm upgrade --install %s ... -f groups.yaml\n" $command .Release.Name) }}
{{- end }}
{{- fail (printf "\n\nThere is no group. Write the chart from your configuration file, and install that:\n\n  %s\n" $command) }}
{{- end }}
{{- if not .Values.csv }}{{ fail "\n\ncsv is empty: the groups come from mm2ss chart, which writes both." }}{{ end }}
{{- if ne .Values.csvDigest (printf "sha256:%s" (sha256sum .Values.csv)) }}
{{- fail (printf "\n\ncsv is not the file that the groups are from: csvDigest does not fit. Write both anew:\n\n  %s\n" $command) }}
{{- end }}
{{- $written := .Files.Get "files/csv-digest" | trim }}
{{- if and $written (ne $written .Values.csvDigest) }}
{{- fail "\n\nThe values are not those of the file that this chart was written from. With --reuse-values helm takes the file of the release before: use --reset-then-reuse-values. And values with another file (-f) belong to the chart without one." }}
{{- end }}
{{- end }}

{{- define "mm2ss.preflightNats" -}}
{{- $nats := .Values.nats }}{{ $bundled := include "mm2ss.natsBundled" . -}}
{{- if and $nats.url $nats.urlSecret.name }}{{ fail "\n\nnats.url and nats.urlSecret say the same thing: only one of them." }}{{ end }}
{{- if and $bundled $nats.credsSecret }}{{ fail "\n\nnats.credsSecret is for a NATS of your own (nats.url): the bundled one has no accounts." }}{{ end }}
{{- if and $bundled $nats.tls.clientSecret }}{{ fail "\n\nnats.tls.clientSecret is for a NATS of your own (nats.url): the bundled one knows its users by their keys." }}{{ end }}
{{- if and $nats.auth.enabled (not $nats.credsSecret) }}
{{- if not $nats.auth.existingSecret }}
{{- fail (printf "\n\nNATS would not know who is who: nats.auth.existingSecret is missing. Make users and keys, once, and name them:\n\n  mm2ss nats-auth groups.csv -o nats%s\n  kubectl create secret generic %s-nats-keys --namespace %s $(for key in nats/*.nk; do echo --from-file=$key; done)\n  mm2ss chart groups.csv --nats-auth nats -o chart\n  helm upgrade --install %s chart --namespace %s --set nats.auth.existingSecret=%s-nats-keys\n\nOr --set nats.auth.enabled=false: then whoever reaches NATS can send a command to an RTU, and only the NetworkPolicies keep others away.\n" (gt (int .Values.connectors.groupsPerPod) 1 | ternary (printf " --groups-per-pod %d" (int .Values.connectors.groupsPerPod)) "") .Release.Name .Release.Namespace .Release.Name .Release.Namespace .Release.Name) }}
{{- end }}
{{- if and $bundled (not .Values.natsUsers) }}
{{- fail "\n\nThe bundled NATS would know nobody: natsUsers is empty. mm2ss chart groups.csv --nats-auth FOLDER writes it, FOLDER being what mm2ss nats-auth has written. Or --set nats.auth.enabled=false." }}
{{- end }}
{{- if and $bundled (ne (toString (get (fromJson .Values.natsUsers) "format")) "1") }}
{{- fail "\n\nnatsUsers is not what this chart reads: it is of another release of mm2ss, or was changed. Write it anew with that of this chart; keys stay:\n\n  mm2ss nats-auth groups.csv -o nats\n  mm2ss chart groups.csv --nats-auth nats -o chart\n" }}
{{- end }}
{{- if $bundled }}{{ include "mm2ss.preflightUsers" . }}{{ end }}
{{- include "mm2ss.preflightKeys" . }}
{{- end }}
{{- end }}

{{/* A connector that NATS does not know would wait for ever. */}}
{{- define "mm2ss.preflightUsers" -}}
{{- $known := dict }}
{{- range (fromJson .Values.natsUsers).users }}{{ $_ := set $known .name true }}{{ end }}
{{- range $range, $_ := include "mm2ss.ranges" (list .Values.groups .Values.connectors.groupsPerPod) | fromJson }}
{{- $user := printf "connector-%s" $range }}
{{- if not (hasKey $known $user) }}
{{- fail (printf "\n\nnatsUsers has no %s: with connectors.groupsPerPod %d NATS has to know it. Make the users for that, and write the chart anew:\n\n  mm2ss nats-auth groups.csv -o nats%s\n  mm2ss chart groups.csv --nats-auth nats --values FILE -o chart\n" $user (int $.Values.connectors.groupsPerPod) (gt (int $.Values.connectors.groupsPerPod) 1 | ternary (printf " --groups-per-pod %d" (int $.Values.connectors.groupsPerPod)) "")) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Where the cluster can be asked: a pod whose key is missing would wait for it for ever. */}}
{{- define "mm2ss.preflightKeys" -}}
{{- $secret := lookup "v1" "Secret" .Release.Namespace .Values.nats.auth.existingSecret -}}
{{- if $secret }}
{{- $missing := list }}
{{- $names := list "router" "gateway" "setup" }}
{{- range $range, $_ := include "mm2ss.ranges" (list .Values.groups .Values.connectors.groupsPerPod) | fromJson }}{{ $names = append $names (printf "connector-%s" $range) }}{{ end }}
{{- range $names }}{{ if not (hasKey ($secret.data | default dict) (printf "%s.nk" .)) }}{{ $missing = append $missing (printf "%s.nk" .) }}{{ end }}{{ end }}
{{- if $missing }}
{{- fail (printf "\n\nThe secret %s has no %s. Add what mm2ss nats-auth has written:\n\n  kubectl create secret generic %s --namespace %s $(for key in nats/*.nk; do echo --from-file=$key; done) \\\n    --dry-run=client -o yaml | kubectl apply --server-side -f -\n" .Values.nats.auth.existingSecret (join ", " $missing) .Values.nats.auth.existingSecret .Release.Namespace) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "mm2ss.preflightGroups" -}}
{{- $ports := dict (toString .Values.http.port) "http.port" (toString .Values.http.healthPort) "http.healthPort" }}
{{- if eq (int .Values.http.port) (int .Values.http.healthPort) }}{{ fail "\n\nhttp.port and http.healthPort are the same." }}{{ end }}
{{- $tls := include "mm2ss.tlsSecret" . }}
{{- if and .Values.tls.existingSecret .Values.tls.certManager.enabled }}{{ fail "\n\ntls.existingSecret and tls.certManager say the same thing: only one of them." }}{{ end }}
{{- if and .Values.tls.certManager.enabled (not .Values.tls.certManager.issuerRef.name) }}{{ fail "\n\ntls.certManager.issuerRef.name is missing: the Issuer that signs the certificate." }}{{ end }}
{{- with .Values.tls.certManager }}
{{- if .enabled }}
{{- $start := toDate "2006-01-02" "2000-01-01" }}
{{- $renewal := $start | dateModify (.renewBefore | default "5m") }}
{{- if lt ($renewal | unixEpoch | int64) ($start | dateModify "5m" | unixEpoch | int64) }}{{ fail (printf "\n\ntls.certManager.renewBefore %s: cert-manager refuses less than 5m." .renewBefore) }}{{ end }}
{{- $end := $start | dateModify (.duration | default "2160h") }}
{{- if lt ($end | unixEpoch | int64) ($start | dateModify "1h" | unixEpoch | int64) }}{{ fail (printf "\n\ntls.certManager.duration %s: cert-manager refuses less than 1h." .duration) }}{{ end }}
{{- if le ($end | unixEpoch | int64) ($renewal | unixEpoch | int64) }}{{ fail (printf "\n\ntls.certManager.renewBefore %s is not below duration %s: cert-manager refuses that." .renewBefore (.duration | default "2160h")) }}{{ end }}
{{- end }}
{{- end }}
{{- if and .Values.tls.crlConfigMap (not $tls) }}{{ fail "\n\ntls.crlConfigMap: without tls.existingSecret or tls.certManager nobody looks at it." }}{{ end }}
{{- range $id, $group := .Values.groups }}
{{- if or (not $group) (not (hasKey $group "name")) (not (hasKey $group "rtuNumber")) }}
{{- fail (printf "\n\ngroups.%s has no name or rtuNumber: the configuration file has no such group, and your values say something of it. Take it out of your values, or write the chart anew with mm2ss chart." $id) }}
{{- end }}
{{- if not (or $group.port $group.tlsPort) }}{{ fail (printf "\n\ngroups.%s has neither port nor tlsPort: no master could connect." $id) }}{{ end }}
{{- range compact (list $group.port $group.tlsPort) }}
{{- $port := toString (int .) }}
{{- with get $ports $port }}{{ fail (printf "\n\ngroups.%s: port %s is that of %s, too." $id $port .) }}{{ end }}
{{- $_ := set $ports $port (printf "groups.%s" $id) }}
{{- if and (lt (int $port) 1024) (not $.Values.gateways.privilegedPorts) }}
{{- fail (printf "\n\ngroups.%s: port %s is below 1024, which not everybody may open: --set gateways.privilegedPorts=true" $id $port) }}
{{- end }}
{{- end }}
{{- if not (or $tls $group.tlsSecret $.Values.tls.groupsSecret) }}
{{- if or $group.tlsPort (include "mm2ss.tlsToRtu" $group) }}
{{- fail (printf "\n\ngroups.%s needs TLS, and there is no certificate: set tls.existingSecret, tls.certManager.enabled, tls.groupsSecret, or groups.%s.tlsSecret." $id $id) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* What the file says of its groups is what the pods read in it: two values files of it, merged, or a change by hand are neither. */}}
{{- define "mm2ss.preflightFromFile" -}}
{{- $fromFile := dict }}
{{- range $id, $group := .Values.groups }}
{{- $_ := set $fromFile $id (pick $group "name" "rtuNumber" "port" "tlsPort" "hosts" "sources" "proxies" "checksum") }}
{{- end }}
{{- if ne .Values.groupsDigest (printf "sha256:%s" (sha256sum (toJson $fromFile))) }}
{{- fail "\n\ngroups is not what the file says: a group is missing or too many, or its name, rtuNumber, port, tlsPort, hosts, sources, proxies or checksum is another one (groupsDigest does not fit). Change the file and write the values anew with mm2ss chart. Values of two files cannot be given together, as Helm merges them: give the new ones alone, at an upgrade with --reset-values instead of --reset-then-reuse-values." }}
{{- end }}
{{- end }}

{{- define "mm2ss.preflightConnectors" -}}
{{- $perPod := int .Values.connectors.groupsPerPod }}
{{- $taken := dict }}
{{- if eq .Values.gateways.service.type "HostPorts" }}
{{- $taken = dict (toString (int .Values.http.port)) "the gateways" (toString (int .Values.http.healthPort)) "the gateways" }}
{{- end }}
{{- range $id, $group := .Values.groups }}
{{- if gt $perPod 1 }}
{{- range $key := list "resources" "nodeSelector" "tolerations" "affinity" "hostNetwork" "podAnnotations" "podLabels" "extraEnv" }}
{{- if get $group $key }}{{ fail (printf "\n\ngroups.%s.%s: with connectors.groupsPerPod %d a pod is not of one group. Set connectors.groupsPerPod=1, or %s for all connectors." $id $key $perPod $key) }}{{ end }}
{{- end }}
{{- else if $group.hostNetwork }}
{{- range list ($group.httpPort | default $.Values.http.port) ($group.healthPort | default $.Values.http.healthPort) }}
{{- $port := toString (int .) }}
{{- with get $taken $port }}{{ fail (printf "\n\n%s and groups.%s are on the network of their nodes, both with port %s: give each group there httpPort and healthPort of its own." . $id $port) }}{{ end }}
{{- $_ := set $taken $port (printf "groups.%s" $id) }}
{{- end }}
{{- else if or $group.httpPort $group.healthPort }}
{{- fail (printf "\n\ngroups.%s.httpPort and healthPort are for hostNetwork only." $id) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "mm2ss.preflightGateways" -}}
{{- $service := .Values.gateways.service }}
{{- range $name, $part := dict "routers" .Values.routers "gateways" .Values.gateways }}
{{- if and $part.autoscaling.enabled (not (kindIs "invalid" $part.replicas)) }}{{ fail (printf "\n\n%s.autoscaling.enabled needs %s.replicas=null: an upgrade would undo what the autoscaler did." $name $name) }}{{ end }}
{{- if $part.autoscaling.enabled }}
{{- if gt (int $part.autoscaling.minReplicas) (int $part.autoscaling.maxReplicas) }}{{ fail (printf "\n\n%s.autoscaling.minReplicas is above maxReplicas: Kubernetes refuses that." $name) }}{{ end }}
{{- if not (dig "requests" "cpu" "" $part.resources) }}{{ fail (printf "\n\n%s.autoscaling.enabled needs %s.resources.requests.cpu: what it goes by is a percentage of that." $name $name) }}{{ end }}
{{- end }}
{{- end }}
{{- if lt (int .Values.gateways.terminationGracePeriodSeconds) (add 15 .Values.gateways.preStopSeconds .Values.gateways.drainSeconds | int) }}
{{- fail "\n\ngateways.terminationGracePeriodSeconds must be 15 above gateways.preStopSeconds and gateways.drainSeconds together: a gateway takes up to 10 s more for a clean end." }}
{{- end }}
{{- if and .Values.gateways.privilegedPorts (eq $service.type "HostPorts") }}{{ fail "\n\ngateways.privilegedPorts cannot be had with HostPorts: set net.ipv4.ip_unprivileged_port_start on the nodes." }}{{ end }}
{{- if and $service.loadBalancerIP (or (ne $service.layout "shared") (ne $service.type "LoadBalancer")) }}{{ fail "\n\ngateways.service.loadBalancerIP is of one Service of type LoadBalancer: layout shared. With perGroup: groups.ID.loadBalancerIP." }}{{ end }}
{{- if and (eq .Values.service.ipFamilyPolicy "SingleStack") (gt (len .Values.service.ipFamilies) 1) }}{{ fail "\n\nservice.ipFamilyPolicy SingleStack has one family, and service.ipFamilies names two: Kubernetes refuses that." }}{{ end }}
{{- $nodePorts := dict }}
{{- $source := and (has $service.type (list "LoadBalancer" "NodePort")) (eq $service.externalTrafficPolicy "Cluster") }}
{{- range $id, $group := .Values.groups }}
{{- range $key := list "serviceAnnotations" "loadBalancerIP" }}
{{- if and (get $group $key) (ne $service.layout "perGroup") }}{{ fail (printf "\n\ngroups.%s.%s needs a Service of its own: gateways.service.layout=perGroup." $id $key) }}{{ end }}
{{- end }}
{{- if and (or $group.nodePort $group.tlsNodePort) (has $service.type (list "ClusterIP" "HostPorts")) }}{{ fail (printf "\n\ngroups.%s.nodePort: there are none with gateways.service.type %s." $id $service.type) }}{{ end }}
{{- range $each := list (list $group.port $group.nodePort) (list $group.tlsPort $group.tlsNodePort) }}
{{- $node := index $each 1 }}{{ if and (eq $service.nodePorts "same") (has $service.type (list "LoadBalancer" "NodePort")) }}{{ $node = $node | default (index $each 0) }}{{ end }}
{{- if and (index $each 0) $node }}
{{- with get $nodePorts (toString (int $node)) }}{{ fail (printf "\n\ngroups.%s: port %d of the nodes is that of groups.%s, too: nodePort and tlsNodePort must be different." $id (int $node) .) }}{{ end }}
{{- $_ := set $nodePorts (toString (int $node)) $id }}
{{- end }}
{{- end }}
{{- if and $source $.Values.networkPolicy.enabled (eq $.Values.networkPolicy.masters "filter") $group.sources (not $group.proxies) }}
{{- fail (printf "\n\ngroups.%s has a filter, and with gateways.service.externalTrafficPolicy Cluster masters come from the addresses of nodes, so that a NetworkPolicy would keep them all out. Keep it Local, or let the load balancer say who connects (column proxy), or --set networkPolicy.masters=any." $id) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Kubernetes makes the new Services before it takes the old ones away, and a port of nodes is of one Service. */}}
{{- define "mm2ss.preflightLayout" -}}
{{- $service := .Values.gateways.service }}{{ $first := keys .Values.groups | sortAlpha | first -}}
{{- if eq $service.nodePorts "same" }}
{{- range $layout := list "shared" "chunks" "perGroup" }}
{{- $old := include "mm2ss.gatewayService" (list $ $layout $first) }}
{{- if and (ne $old (include "mm2ss.gatewayService" (list $ $service.layout $first))) (lookup "v1" "Service" $.Release.Namespace $old) }}
{{- fail (printf "\n\ngateways.service.layout was %s, and with nodePorts same the new Services need the ports that the old ones have. Take those away first, which cuts masters off until the upgrade has made the new ones:\n\n  kubectl delete service --namespace %s -l app.kubernetes.io/instance=%s,app.kubernetes.io/component=gateway\n" $layout $.Release.Namespace $.Release.Name) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* A pod on the network of its node comes from the address of the node: no policy can name it as a pod. */}}
{{- define "mm2ss.preflightNodes" -}}
{{- $who := list }}
{{- if eq .Values.gateways.service.type "HostPorts" }}{{ $who = append $who "gateways.service.type HostPorts" }}{{ end }}
{{- range $id, $group := .Values.groups }}{{ if $group.hostNetwork }}{{ $who = append $who (printf "groups.%s.hostNetwork" $id) }}{{ end }}{{ end }}
{{- if and $who .Values.networkPolicy.enabled (include "mm2ss.natsBundled" .) (not .Values.networkPolicy.natsFrom) }}
{{- fail (printf "\n\n%s: these pods come to NATS from the addresses of nodes, which its NetworkPolicy does not let in. Name them in networkPolicy.natsFrom, such as [{ipBlock: {cidr: 10.0.0.0/24}}], or --set networkPolicy.enabled=false." (join ", " $who)) }}
{{- end }}
{{- end }}

{{/* More asked for than allowed: Kubernetes takes no such pod, and says so only where somebody looks for it. */}}
{{- define "mm2ss.preflightResources" -}}
{{- $all := dict "nats.reloadResources" .Values.nats.reloadResources "nats.setup.resources" .Values.nats.setup.resources "tests.resources" .Values.tests.resources }}
{{- range $name := list "connectors" "routers" "gateways" "nats" }}{{ $_ := set $all (printf "%s.resources" $name) (get $.Values $name).resources }}{{ end }}
{{- range $id, $group := .Values.groups }}{{ with $group.resources }}{{ $_ := set $all (printf "groups.%s.resources" $id) (mergeOverwrite (deepCopy ($.Values.connectors.resources | default dict)) .) }}{{ end }}{{ end }}
{{- range $where, $resources := $all }}
{{- range $name, $least := dig "requests" dict ($resources | default dict) }}
{{- $most := dig "limits" $name "" $resources }}
{{- if and (ne (toString $most) "") (gt (include "mm2ss.amount" $least | float64) (include "mm2ss.amount" $most | float64)) }}
{{- fail (printf "\n\n%s: requests.%s %v is above limits.%s %v: Kubernetes refuses that." $where $name $least $name $most) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* By these labels Deployments, Services and policies find their pods. */}}
{{- define "mm2ss.preflightLabels" -}}
{{- $all := dict "podDefaults.labels" .Values.podDefaults.labels }}
{{- range $name := list "connectors" "routers" "gateways" "console" "nats" }}{{ $_ := set $all (printf "%s.podLabels" $name) (get $.Values $name).podLabels }}{{ end }}
{{- range $id, $group := .Values.groups }}{{ with $group.podLabels }}{{ $_ := set $all (printf "groups.%s.podLabels" $id) . }}{{ end }}{{ end }}
{{- range $where, $labels := $all }}
{{- range $label := list "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/component" "iec104mm2ss/group" }}
{{- if hasKey ($labels | default dict) $label }}{{ fail (printf "\n\n%s: by %s the chart finds its pods: it cannot be another one." $where $label) }}{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{/* What would be taken, and do nothing, or undo another value. */}}
{{- define "mm2ss.preflightNoEffect" -}}
{{- $service := .Values.gateways.service }}{{ $nats := .Values.nats -}}
{{- range $key := list "loadBalancerClass" "loadBalancerSourceRanges" }}
{{- if and (get $service $key) (ne $service.type "LoadBalancer") }}{{ fail (printf "\n\ngateways.service.%s is for type LoadBalancer, and the type is %s: nobody would look at it." $key $service.type) }}{{ end }}
{{- end }}
{{- range $alert, $groups := .Values.monitoring.rules.thresholds }}
{{- range $id, $_ := $groups }}
{{- if not (hasKey $.Values.groups (toString $id)) }}{{ fail (printf "\n\nmonitoring.rules.thresholds.%s: there is no group %v." $alert $id) }}{{ end }}
{{- end }}
{{- end }}
{{- if .Values.console.enabled }}
{{- range $key, $port := dict "http.port" .Values.http.port "http.healthPort" .Values.http.healthPort }}
{{- if eq (int $.Values.console.port) (int $port) }}{{ fail (printf "\n\nconsole.port %d is that of %s, too." (int $port) $key) }}{{ end }}
{{- end }}
{{- end }}
{{- if include "mm2ss.natsBundled" . }}
{{- if lt (int $nats.terminationGracePeriodSeconds) (add 15 $nats.lameDuckSeconds | int) }}
{{- fail "\n\nnats.terminationGracePeriodSeconds must be 15 above nats.lameDuckSeconds: else a server is killed before it has handed over its clients." }}
{{- end }}
{{- if and $nats.maxFileStore (gt (include "mm2ss.amount" (trimSuffix "B" $nats.maxFileStore) | float64) (include "mm2ss.amount" $nats.persistence.size | float64)) }}
{{- fail (printf "\n\nnats.maxFileStore %s is more than a volume has (nats.persistence.size %s): it would be full before NATS refuses anything." $nats.maxFileStore $nats.persistence.size) }}
{{- end }}
{{- else if gt (int $nats.replicas) 1 }}
{{- fail "\n\nnats.replicas is the number of bundled servers, and nats.url or nats.urlSecret names a NATS of your own: copies there are nats.streamReplicas." }}
{{- end }}
{{- end }}

{{/* Where the cluster can be asked: what NATS has stored stays with servers and volumes as they are. */}}
{{- define "mm2ss.preflightNatsStore" -}}
{{- $nats := .Values.nats }}{{ $name := printf "%s-nats" (include "mm2ss.fullname" .) }}
{{- with lookup "apps/v1" "StatefulSet" .Release.Namespace $name }}
{{- $before := int .spec.replicas }}{{ $replicas := int $nats.replicas }}
{{- if and (ne $before $replicas) (has 1 (list $before $replicas)) }}
{{- fail (printf "\n\nnats.replicas %d: there are %d. A server of its own and one of several do not take over what the other has stored: events that masters have not acknowledged would be lost. docs/kubernetes.md, \"From one NATS server to three\", has the way, which takes the servers away:\n\n  kubectl delete statefulset %s --namespace %s\n" $replicas $before $name $.Release.Namespace) }}
{{- end }}
{{- $size := (index .spec.volumeClaimTemplates 0).spec.resources.requests.storage }}
{{- if ne (include "mm2ss.amount" $size) (include "mm2ss.amount" $nats.persistence.size) }}
{{- fail (printf "\n\nnats.persistence.size %s: the volumes were made with %s, and Kubernetes lets nobody change that of a StatefulSet. Enlarge the volumes themselves (kubectl edit pvc, where the storage class allows it), then kubectl delete statefulset %s --namespace %s --cascade=orphan, and upgrade." $nats.persistence.size $size $name $.Release.Namespace) }}
{{- end }}
{{- end }}
{{- end }}

{{/* A quantity of Kubernetes (250m, 1Gi, 2e9) as a number. */}}
{{- define "mm2ss.amount" -}}
{{- $units := dict "n" 1e-9 "u" 1e-6 "m" 1e-3 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "E" 1e18 "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "Ti" 1099511627776.0 "Pi" 1125899906842624.0 "Ei" 1152921504606846976.0 }}
{{- $unit := regexFind "[A-Za-z]i?$" (toString .) }}
{{- mulf (trimSuffix $unit (toString .) | float64) (get $units $unit | default 1.0) -}}
{{- end }}
