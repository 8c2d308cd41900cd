{{/* What the schema cannot say of the configuration, or could not say in a sentence. Makes nothing; fails. */}}
{{- define "checks" -}}
{{- $path := include "storePath" . -}}
{{- if not (hasPrefix "/" $path) -}}
{{- fail (printf "config.store.path: %q is not absolute; write it like /var/lib/iptv-reconciler/state.db" $path) -}}
{{- end -}}
{{- $folder := include "storeFolder" . -}}
{{- if regexMatch "^/(tmp)?$|^/(etc/iptv-reconciler|run|var/run)(/|$)" $folder -}}
{{- fail (printf "config.store.path: the volume is mounted at its folder, and %s is taken; write it like /var/lib/iptv-reconciler/state.db" $folder) -}}
{{- end -}}
{{- $listen := include "listen" . -}}
{{- if regexMatch `(?i)^(127\.|localhost:|\[::1\]:)` $listen -}}
{{- fail (printf "config.server.listen: neither probes nor Prometheus reach %s in the pod; write it like 0.0.0.0:8080" $listen) -}}
{{- end -}}
{{- range $folder, $value := dict "secrets" "secrets" "configmaps" "configMaps" -}}
{{- range regexFindAll (printf `"/run/%s/[^/"]+/` $folder) (toJson $.Values.config) -1 -}}
{{- $name := base . -}}
{{/* kubernetes.io is the token that the pod gets by itself. */}}
{{- if not (or (eq $name "kubernetes.io") (has $name (index $.Values $value))) -}}
{{- fail (printf "config names a file in /run/%s/%s, which is not mounted: add %s to the value `%s`" $folder $name $name $value) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
