{{/*
Where the certificate comes from, and whom the API server trusts.

A mode is a source of the serving certificate: a folder that the pods mount. A change of mode is safe when the
registration trusts the CAs of both modes before the pods change, and still does if the change is rolled back. For
this, caBundle has the CA of `mode` and that of `prepare`, and during a roll-out also what the live registration has.
*/}}

{{/* The Secret that a mode mounts. List: the root, the mode. */}}
{{- define "pullgate.secretOf" -}}
{{- $root := first . -}}
{{- $mode := last . -}}
{{- $name := include "pullgate.name" $root -}}
{{- if eq $mode "existing" -}}
{{- ($root.Values.certificate.existing).secret | default (printf "%s-tls" $name) -}}
{{- else if eq $mode "certManager" -}}
{{- $name }}-cert-manager
{{- else if eq $mode "generated" -}}
{{- /* The first version of the chart had another name for it. */}}
{{- $old := printf "%s-tls" $name -}}
{{- $secret := lookup "v1" "Secret" (include "pullgate.namespace" $root) $old -}}
{{- if and $secret (eq (index ($secret.metadata.annotations | default dict) "meta.helm.sh/release-name" | default "") $root.Release.Name) -}}
{{- $old -}}
{{- else -}}
{{- $name }}-generated
{{- end -}}
{{- else -}}
{{- ($root.Values.certificate.selfSigned).existingSecret | default (printf "%s-ca" $name) -}}
{{- end -}}
{{- end -}}

{{/* "ca:NAME" or "tls:NAME": what the pods mount, and as what. List: the root, the mode. */}}
{{- define "pullgate.sourceOf" -}}
{{- ternary "ca" "tls" (eq (last .) "selfSigned") }}:{{ include "pullgate.secretOf" . -}}
{{- end -}}

{{/* The mode to change to, or from: its CA is made and trusted too. Empty if there is none. */}}
{{- define "pullgate.prepare" -}}
{{- if ne (.Values.certificate.prepare | default "") .Values.certificate.mode -}}
{{- .Values.certificate.prepare -}}
{{- end -}}
{{- end -}}

{{/*
What the cluster has, as YAML. Without a cluster (helm template, Argo CD) all of it is empty.
  cluster    there is one
  source     what the running pods mount (pullgate.sourceOf)
  mode       its mode, for messages
  ready      a pod is ready
  settled    all pods are those of the live Deployment
  bundle     caBundle of the registration
  registered there is a registration
  armed      and it refuses pods while the webhook does not answer
  injected   cert-manager fills in its caBundle
*/}}
{{- define "pullgate.live" -}}
{{- $name := include "pullgate.name" . -}}
{{- $live := dict "cluster" (not (empty (lookup "v1" "Namespace" "" "kube-system"))) -}}
{{- with lookup "apps/v1" "Deployment" (include "pullgate.namespace" .) $name -}}
{{- $status := .status | default dict -}}
{{- $ready := int ($status.readyReplicas | default 0) -}}
{{- $_ := set $live "ready" (gt $ready 0) -}}
{{- $settled := and (eq (int (.metadata.generation | default 0)) (int ($status.observedGeneration | default 0))) (eq (int ($status.updatedReplicas | default 0)) (int ($status.replicas | default 0))) -}}
{{- $_ := set $live "settled" (and $settled (gt $ready 0)) -}}
{{- range .spec.template.spec.volumes -}}
{{- if and (has .name (list "tls" "ca")) .secret -}}
{{- $_ := set $live "source" (printf "%s:%s" .name .secret.secretName) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $mode := list "generated" "certManager" "existing" "selfSigned" -}}
{{- if eq (include "pullgate.sourceOf" (list $ $mode)) ($live.source | default "") -}}
{{- $_ := set $live "mode" $mode -}}
{{- end -}}
{{- end -}}
{{- $bundles := list -}}
{{- range list "MutatingWebhookConfiguration" "ValidatingWebhookConfiguration" -}}
{{- with lookup "admissionregistration.k8s.io/v1" . "" $name -}}
{{- $_ := set $live "registered" true -}}
{{- if index (.metadata.annotations | default dict) "cert-manager.io/inject-ca-from" -}}
{{- $_ := set $live "injected" true -}}
{{- end -}}
{{- range .webhooks -}}
{{- $bundles = append $bundles (.clientConfig.caBundle | default "") -}}
{{- if eq .failurePolicy "Fail" }}{{ $_ := set $live "armed" true }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $_ := set $live "bundle" (include "pullgate.bundle" $bundles) -}}
{{- toYaml $live -}}
{{- end -}}

{{- define "pullgate.pattern" -}}
-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----
{{- end -}}

{{/* Bundles (base64 of PEM) as one; each certificate once. A single bundle stays as it is. */}}
{{- define "pullgate.bundle" -}}
{{- $bundles := without . "" | uniq -}}
{{- if eq (len $bundles) 1 -}}
{{- first $bundles -}}
{{- else if $bundles -}}
{{- $all := list -}}
{{- range $bundles -}}
{{- range regexFindAll (include "pullgate.pattern" $) (b64dec . | replace "\r" "") -1 -}}
{{- $all = append $all . -}}
{{- end -}}
{{- end -}}
{{- printf "%s\n" (uniq $all | join "\n") | b64enc -}}
{{- end -}}
{{- end -}}

{{/* "true" if a bundle has each certificate of another. List: the bundle, the other. */}}
{{- define "pullgate.covers" -}}
{{- $held := regexFindAll (include "pullgate.pattern" .) (first . | b64dec | replace "\r" "") -1 -}}
{{- $missing := false -}}
{{- range regexFindAll (include "pullgate.pattern" .) (last . | b64dec | replace "\r" "") -1 -}}
{{- if not (has . $held) }}{{ $missing = true }}{{ end -}}
{{- end -}}
{{- if not $missing }}true{{ end -}}
{{- end -}}

{{/*
The data of a Secret that the chart makes (modes selfSigned and generated), as YAML: what the cluster has, or new keys.
List: the root, the mode, pullgate.live.
*/}}
{{- define "pullgate.made" -}}
{{- $root := first . -}}
{{- $mode := index . 1 -}}
{{- $live := last . -}}
{{- $name := include "pullgate.name" $root -}}
{{- $namespace := include "pullgate.namespace" $root -}}
{{- $secret := include "pullgate.secretOf" (list $root $mode) -}}
{{- $keys := ternary (list "ca.crt" "ca.key") (list "ca.crt" "tls.crt" "tls.key") (eq $mode "selfSigned") -}}
{{- $old := lookup "v1" "Secret" $namespace $secret -}}
{{- if $old -}}
{{- if ne (index ($old.metadata.annotations | default dict) "meta.helm.sh/release-name" | default "") $root.Release.Name -}}
{{- $advice := ternary (printf "To use it, set certificate.selfSigned.existingSecret=%s" $secret) "Rename or delete it" (eq $mode "selfSigned") -}}
{{- fail (printf "Secret %s in namespace %s is not of this release, and the chart leaves it as it is. %s" $secret $namespace $advice) -}}
{{- end -}}
{{- range $keys -}}
{{- if not (index ($old.data | default dict) .) -}}
{{- fail (printf "Secret %s in namespace %s has no %s. Restore it, or delete the Secret and have the chart make new keys" $secret $namespace .) -}}
{{- end -}}
{{- end -}}
{{- pick $old.data "ca.crt" "ca.key" "tls.crt" "tls.key" | toYaml -}}
{{- else -}}
{{- if not (or $live.cluster $root.Values.certificate.newOnEachRender) -}}
{{- fail (printf "certificate.mode %s without a cluster (helm template, Argo CD): each render would make a new CA, and pods and registration would not match. Set certificate.selfSigned.existingSecret and certificate.selfSigned.caBundle, or use mode existing or certManager. Only to look at the output, set certificate.newOnEachRender=true, or render with --dry-run=server" $mode) -}}
{{- end -}}
{{- $values := index $root.Values.certificate $mode | default dict -}}
{{- $days := int ($values.days | default 3650) -}}
{{- $ca := genCAWithKey (printf "%s CA" $name) $days (genPrivateKey "ecdsa") -}}
{{- if eq $mode "selfSigned" -}}
{{- dict "ca.crt" (b64enc $ca.Cert) "ca.key" (b64enc $ca.Key) | toYaml -}}
{{- else -}}
{{- $host := printf "%s.%s.svc" $name $namespace -}}
{{- $leaf := genSignedCertWithKey $host nil (list $host) $days $ca (genPrivateKey "ecdsa") -}}
{{- dict "ca.crt" (b64enc $ca.Cert) "tls.crt" (b64enc $leaf.Cert) "tls.key" (b64enc $leaf.Key) | toYaml -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* ca.crt of a Secret in the cluster, or nothing. List: the root, its name. */}}
{{- define "pullgate.caCrt" -}}
{{- $secret := lookup "v1" "Secret" (include "pullgate.namespace" (first .)) (last .) -}}
{{- if $secret }}{{ index ($secret.data | default dict) "ca.crt" | default "" }}{{ end -}}
{{- end -}}

{{/* The CA of a mode, as base64 of PEM; nothing if it is not known yet. List: the root, the mode, data of pullgate.made. */}}
{{- define "pullgate.caOf" -}}
{{- $root := first . -}}
{{- $mode := index . 1 -}}
{{- $cert := $root.Values.certificate -}}
{{- if eq $mode "existing" -}}
{{- required "certificate.existing.caBundle is missing: policyctl certs bundle --dir DIR prints it" ($cert.existing).caBundle -}}
{{- else if eq $mode "certManager" -}}
{{- include "pullgate.caCrt" (list $root (include "pullgate.secretOf" (list $root $mode))) -}}
{{- else if eq $mode "generated" -}}
{{- index (last .) "ca.crt" -}}
{{- else if ($cert.selfSigned).existingSecret -}}
{{- $given := ($cert.selfSigned).caBundle | default "" -}}
{{- $bundle := include "pullgate.bundle" (list (include "pullgate.caCrt" (list $root $cert.selfSigned.existingSecret)) $given) -}}
{{- required (printf "certificate.selfSigned.caBundle is missing, and Secret %s with ca.crt was not found: policyctl certs bundle --dir DIR prints it" $cert.selfSigned.existingSecret) $bundle -}}
{{- else -}}
{{- include "pullgate.bundle" (list (index (last .) "ca.crt") (($cert.selfSigned).caBundle | default "")) -}}
{{- end -}}
{{- end -}}

{{/*
What all of the above comes to, as YAML:
  bundle    caBundle; nothing where only cert-manager writes it
  inject    cert-manager writes it
  secrets   name: {type, data} of the Secrets that the chart makes
  changing  the running pods have another source
  issued    the CA of the mode is known
  trusted   and the live registration has it: a rollback is safe
  prepared  the CA of `prepare` is known
  live      pullgate.live
*/}}
{{- define "pullgate.trust" -}}
{{- $root := . -}}
{{- $mode := .Values.certificate.mode -}}
{{- $prepare := include "pullgate.prepare" . -}}
{{- $live := include "pullgate.live" . | fromYaml -}}
{{- $source := include "pullgate.sourceOf" (list . $mode) -}}
{{- $same := eq ($live.source | default $source) $source -}}
{{- $secrets := dict -}}
{{- $cas := dict -}}
{{- range without (list $mode $prepare) "" -}}
{{- $data := dict -}}
{{- if or (eq . "generated") (and (eq . "selfSigned") (not ($root.Values.certificate.selfSigned).existingSecret)) -}}
{{- $data = include "pullgate.made" (list $root . $live) | fromYaml -}}
{{- $_ := set $secrets (include "pullgate.secretOf" (list $root .)) (dict "type" (ternary "Opaque" "kubernetes.io/tls" (eq . "selfSigned")) "data" $data) -}}
{{- end -}}
{{- $_ := set $cas . (include "pullgate.caOf" (list $root . $data)) -}}
{{- end -}}
{{- $new := index $cas $mode -}}
{{- $trusted := eq (include "pullgate.covers" (list ($live.bundle | default "") $new)) "true" -}}
{{- $inject := and (eq $mode "certManager") (not $prepare) (or (not $live.registered) $live.injected (and $same $live.settled)) -}}
{{- $bundles := list -}}
{{- if not (and $inject (not $live.bundle)) -}}
{{- if not $inject }}{{ $bundles = list $new (index $cas $prepare | default "") }}{{ end -}}
{{- if or $inject (not $new) (not (and $same $live.settled)) }}{{ $bundles = append $bundles ($live.bundle | default "") }}{{ end -}}
{{- end -}}
{{- $trust := dict "inject" $inject "secrets" $secrets "bundle" (include "pullgate.bundle" $bundles) -}}
{{- $_ := set $trust "changing" (and (not $same) ($live.registered | default false)) -}}
{{- $_ := set $trust "trusted" (and (not (empty $new)) $trusted) -}}
{{- $_ := set $trust "issued" (not (empty $new)) -}}
{{- $_ := set $trust "prepared" (not (empty (index $cas $prepare | default ""))) -}}
{{- $_ := set $trust "live" $live -}}
{{- toYaml $trust -}}
{{- end -}}
