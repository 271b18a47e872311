{{/* What the chart refuses. List: the root, pullgate.trust. */}}
{{- define "pullgate.checks" -}}
{{- $root := first . -}}
{{- $trust := last . -}}
{{- include "pullgate.checkArmed" (list $root $trust.live) -}}
{{- include "pullgate.checkNamespace" $root -}}
{{- include "pullgate.checkChange" (list $root $trust) -}}
{{- include "pullgate.checkOptions" $root -}}
{{- end -}}

{{/*
Armed while no pod is ready means that no pod of the cluster can be created. What is armed already may stay so, since
an upgrade may be the repair. A rollback renders nothing and is not checked.
*/}}
{{- define "pullgate.checkArmed" -}}
{{- $root := first . -}}
{{- $live := last . -}}
{{- if and $root.Values.armed $root.Values.webhooks.enabled (not $root.Values.armedOnInstall) (not $live.armed) -}}
{{- if not $live.cluster -}}
{{- fail "armed without a cluster (helm template, Argo CD): the chart cannot see whether pullgate answers. Deploy without armed first; when it answers, set armed=true and armedOnInstall=true" -}}
{{- else if not $live.ready -}}
{{- fail (printf "armed, but Deployment %s in namespace %s has no ready pod: no pod could be created until pullgate answers, which on a new cluster may be never. Deploy without armed, and upgrade with armed=true when it is ready; or set armedOnInstall=true if this is intended" (include "pullgate.name" $root) (include "pullgate.namespace" $root)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "pullgate.checkNamespace" -}}
{{- $namespace := include "pullgate.namespace" . -}}
{{- if not .Values.sharedNamespace -}}
{{- if has $namespace (list "default" "kube-public" "kube-node-lease") -}}
{{- fail (printf "namespace %s is for other pods too, and the webhook excludes the namespace it runs in: they would never be judged. Install with -n pullgate --create-namespace; or set sharedNamespace=true if this is intended" $namespace) -}}
{{- end -}}
{{- if .Release.IsInstall -}}
{{- range (lookup "v1" "Pod" $namespace "").items -}}
{{- $labels := .metadata.labels | default dict -}}
{{- if not (has (index $labels "app.kubernetes.io/name" | default "") (list $.Chart.Name (printf "%s-sync" $.Chart.Name))) -}}
{{- fail (printf "namespace %s has the pod %s, and the webhook excludes the namespace it runs in: the pod would never be judged. Install with -n pullgate --create-namespace; or set sharedNamespace=true if this is intended" $namespace .metadata.name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A change of mode: the API server must trust the new certificate before a pod has it. */}}
{{- define "pullgate.checkChange" -}}
{{- $root := first . -}}
{{- $trust := last . -}}
{{- $live := $trust.live -}}
{{- $mode := $root.Values.certificate.mode -}}
{{- $prepare := include "pullgate.prepare" $root -}}
{{- if and (eq $mode "certManager") $prepare (not $live.registered) -}}
{{- fail "certificate.prepare with mode certManager is for a change of mode: install without it" -}}
{{- end -}}
{{- if and $trust.changing $root.Values.webhooks.enabled -}}
{{- $from := $live.mode | default "as it is" -}}
{{- $steps := printf "First keep the mode (certificate.mode=%s) and upgrade with certificate.prepare=%s; then exchange the two values and upgrade again" $from $mode -}}
{{- if not $trust.issued -}}
{{- fail (printf "certificate.mode %s: cert-manager has not written Secret %s yet, so that pods would wait for it and the API server would not trust them. %s. Between the two, when cert-manager has written the Secret, repeat the first upgrade" $mode (include "pullgate.secretOf" (list $root $mode)) $steps) -}}
{{- else if and (or $root.Values.armed $live.armed) (not $trust.trusted) -}}
{{- fail (printf "certificate.mode %s: the registration is armed and does not trust the CA of this mode yet, so that a rollback of the change would refuse pods. %s" $mode $steps) -}}
{{- end -}}
{{- end -}}
{{- /* A Secret of this release that would be deleted, while the pods go on using it under the same name. */}}
{{- if eq $mode "existing" -}}
{{- $secret := include "pullgate.secretOf" (list $root $mode) -}}
{{- with lookup "v1" "Secret" (include "pullgate.namespace" $root) $secret -}}
{{- $annotations := .metadata.annotations | default dict -}}
{{- if and (eq (index $annotations "meta.helm.sh/release-name" | default "") $root.Release.Name) (ne (index $annotations "helm.sh/resource-policy" | default "") "keep") (not (hasKey $trust.secrets $secret)) -}}
{{- fail (printf "certificate.existing.secret %s was made by an earlier version of this chart, and helm would delete it now. Keep it: kubectl -n %s annotate secret %s helm.sh/resource-policy=keep" $secret (include "pullgate.namespace" $root) $secret) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Names that options, extraArgs and extraEnv would set twice. */}}
{{- define "pullgate.checkOptions" -}}
{{- $options := keys (.Values.options | default dict) -}}
{{- range .Values.extraArgs -}}
{{- $name := . | trimPrefix "--" | splitList "=" | first -}}
{{- if has $name $options }}{{ fail (printf "%s is both in options and in extraArgs" $name) }}{{ end -}}
{{- end -}}
{{- if and (.Values.clientCA).secret (has "client-ca" $options) -}}
{{- fail "clientCA.secret and options.client-ca are both set" -}}
{{- end -}}
{{- end -}}
