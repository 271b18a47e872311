{{- define "pullgate.name" -}}
{{- if .Values.nameOverride -}}
{{- .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "pullgate.namespace" -}}
{{- .Values.namespaceOverride | default .Release.Namespace -}}
{{- end -}}

{{/* The annotations of one object, with the line that names them. List: the root, then maps; the first map wins. */}}
{{- define "pullgate.annotations" -}}
{{- $all := dict -}}
{{- range append (rest .) (first .).Values.commonAnnotations -}}
{{- $all = merge $all (. | default dict) -}}
{{- end -}}
{{- with $all }}
  annotations: {{- toYaml . | nindent 4 }}
{{- end -}}
{{- end -}}

{{- define "pullgate.image" -}}
{{- $image := .Values.image -}}
{{- $image.repository }}{{ if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default .Chart.AppVersion }}{{ end -}}
{{- end -}}

{{/* The rule files, as data of a ConfigMap. */}}
{{- define "pullgate.policies" -}}
{{- .Values.policies | default (dict "policy.yaml" (.Files.Get "files/policy.yaml")) | toYaml -}}
{{- end -}}

{{/* A pod that runs once: no ServiceAccount, since hooks run before there is one; the placement of the Deployment. */}}
{{- define "pullgate.toolPod" -}}
restartPolicy: Never
automountServiceAccountToken: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext: {{- include "pullgate.podSecurityContext" . | nindent 2 }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "pullgate.toolContainer" -}}
image: {{ include "pullgate.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
terminationMessagePolicy: FallbackToLogsOnError
resources:
  requests: {cpu: 10m, memory: 16Mi}
  limits: {memory: 128Mi}
securityContext: {{- include "pullgate.securityContext" . | nindent 2 }}
{{- end -}}

{{/* Security contexts. Values of an older release (--reuse-values) lack them. */}}
{{- define "pullgate.podSecurityContext" -}}
{{- .Values.podSecurityContext | default (dict "runAsNonRoot" true "runAsUser" 65532 "runAsGroup" 65532 "fsGroup" 65532 "seccompProfile" (dict "type" "RuntimeDefault")) | toYaml -}}
{{- end -}}

{{- define "pullgate.securityContext" -}}
{{- .Values.securityContext | default (dict "allowPrivilegeEscalation" false "readOnlyRootFilesystem" true "capabilities" (dict "drop" (list "ALL"))) | toYaml -}}
{{- end -}}

{{/* Of the pod of helm test, for the NetworkPolicy; not those that select the webhook's pods. */}}
{{- define "pullgate.testLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/component: test
{{- end -}}

{{/* The labels that select the pods. */}}
{{- define "pullgate.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "pullgate.labels" -}}
{{ include "pullgate.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") }}
{{- end -}}

{{- define "pullgate.port" -}}
{{- if .Values.hostNetwork.enabled }}{{ .Values.hostNetwork.port }}{{ else }}9443{{ end -}}
{{- end -}}

{{- define "pullgate.metricsPort" -}}
{{- if .Values.hostNetwork.enabled }}{{ .Values.hostNetwork.metricsPort }}{{ else }}8080{{ end -}}
{{- end -}}

{{/* A duration in the program's notation (500ms, 20s, 2m, 1h) in whole seconds, rounded up. */}}
{{- define "pullgate.seconds" -}}
{{- $text := toString . -}}
{{- $number := regexFind "^[0-9]+" $text | int -}}
{{- if hasSuffix "ms" $text -}}{{ div (add $number 999) 1000 }}
{{- else if hasSuffix "s" $text -}}{{ $number }}
{{- else if hasSuffix "m" $text -}}{{ mul $number 60 }}
{{- else if hasSuffix "h" $text -}}{{ mul $number 3600 }}
{{- else -}}{{ $number }}
{{- end -}}
{{- end -}}

{{/* Kubernetes kills a pod that is still running after this time. Values of an older release (--reuse-values) lack it. */}}
{{- define "pullgate.grace" -}}
{{- $grace := .Values.terminationGracePeriodSeconds | default 35 | int -}}
{{- $pause := index .Values.options "drain-pause" | default "5s" -}}
{{- $timeout := index .Values.options "drain-timeout" | default "20s" -}}
{{- $needed := add (include "pullgate.seconds" $pause) (include "pullgate.seconds" $timeout) 5 | int -}}
{{- if gt $needed $grace -}}
{{- fail (printf "terminationGracePeriodSeconds is %d, but drain-pause (%v) and drain-timeout (%v) and 5 s for audit lines need %d" $grace $pause $timeout $needed) -}}
{{- end -}}
{{- $grace -}}
{{- end -}}

{{/* pullgate-sync: a name of its own, so that neither the Service nor the budget of the webhook selects its pod. */}}
{{- define "pullgate.syncSelector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}-sync
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "pullgate.syncLabels" -}}
{{ include "pullgate.syncSelector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") }}
{{- end -}}

{{/* Of what is in no namespace, or in another: releases in several namespaces must not meet there. */}}
{{- define "pullgate.syncWideName" -}}
{{- $name := printf "%s-sync" (include "pullgate.name" .) -}}
{{- $namespace := include "pullgate.namespace" . -}}
{{- if eq $namespace (include "pullgate.name" .) }}{{ $name }}{{ else }}{{ printf "%s-%s" $namespace $name }}{{ end -}}
{{- end -}}

{{- define "pullgate.syncImage" -}}
{{- $image := .Values.sync.image -}}
{{- $image.repository }}{{ if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default .Chart.AppVersion }}{{ end -}}
{{- end -}}
