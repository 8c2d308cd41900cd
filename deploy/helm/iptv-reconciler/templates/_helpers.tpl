{{- define "name" -}}
{{- default .Release.Name .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "selector" -}}
app.kubernetes.io/name: iptv-reconciler
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "labels" -}}
{{ include "selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- define "image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end -}}

{{- define "config" -}}
{{- $config := deepCopy .Values.config -}}
{{- if gt (int .Values.replicas) 1 -}}
{{- $lease := dict "lease" (include "name" .) -}}
{{- $_ := set $config "leadership" (merge (get $config "leadership" | default dict) $lease) -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{- define "listen" -}}
{{- dig "server" "listen" "0.0.0.0:8080" .Values.config -}}
{{- end -}}

{{/* The port that the program listens on. */}}
{{- define "port" -}}
{{- include "listen" . | regexFind "[0-9]+$" -}}
{{- end -}}

{{- define "storePath" -}}
{{- dig "store" "path" "/var/lib/iptv-reconciler/state.db" .Values.config -}}
{{- end -}}

{{/* Where the volume is mounted. */}}
{{- define "storeFolder" -}}
{{- include "storePath" . | clean | dir -}}
{{- end -}}

{{/* The ports of billing, of the platforms and of the collector, as the configuration has them: texts in order, {"ports": [...]}. */}}
{{- define "targetPorts" -}}
{{- $ports := list -}}
{{- $billing := kindIs "map" .Values.config.billing | ternary (list .Values.config.billing) .Values.config.billing -}}
{{- $collector := dig "tracing" "endpoint" "" .Values.config -}}
{{- $others := empty $collector | ternary (list) (list (dict "url" $collector)) -}}
{{- range concat $billing (values .Values.config.platforms) $others -}}
{{- $url := urlParse .url -}}
{{- $port := regexFind ":[0-9]+$" $url.host | trimPrefix ":" -}}
{{- $ports = append $ports ($port | default (eq $url.scheme "http" | ternary "80" "443")) -}}
{{- end -}}
{{- toJson (dict "ports" (uniq $ports | sortAlpha)) -}}
{{- end -}}
