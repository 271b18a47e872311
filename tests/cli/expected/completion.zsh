#compdef policyctl
# Made by: policyctl completion zsh
_policyctl() {
  local -a verbs
  verbs=(
    'test:show what the webhook would do to manifests'
    'verify:run unit tests of rule files'
    'bench:measure how fast a rule file decides'
    'apply:print manifests as the webhook would change them'
    'explain:show which rule decides, and why, step by step'
    'images:list images and where the policy sends them'
    'secrets:list the pull secrets that namespaces need, or print them'
    'doctor:find out why images are not pulled, or will not be'
    'sync:print which copies of pull secrets a cluster lacks'
    'lint:find problems in rule files'
    'review:answer an AdmissionReview as the webhook does'
    'parse:parse image references, or explain why they are invalid'
    'certs:create, rotate and check serving certificates'
    'render:print the manifests of the webhook or of pullgate-sync, for kubectl apply'
    'ask:compare a running webhooks answers with those of the rule file'
    'import:print a rule file of what another tool is configured with'
    'completion:print a shell completion script'
    'help:print the list of verbs, or the help of one'
    'version:print the version and the libraries in use'
  )
  if ((CURRENT == 2)); then
    _describe verb verbs
    return
  fi
  local verb=${words[2]}
  shift words
  ((CURRENT--))
  case $verb in
    test)
      _arguments -s \
      '--policy=[Rule file, or a folder of rule files]:FILE:_files' \
      '-p+[Rule file, or a folder of rule files]:FILE:_files' \
      '--output=[text: file:line:col lines and a summary]:FORMAT:(text json yaml diff junit sarif github tap)' \
      '-o+[text: file:line:col lines and a summary]:FORMAT:(text json yaml diff junit sarif github tap)' \
      '--namespace=[Namespace of objects that name none, like kubectl -n]:NAME:' \
      '-n+[Namespace of objects that name none, like kubectl -n]:NAME:' \
      '--user=[The requesting user, such as system:serviceaccount:airbyte:airbyte-admin]:NAME:' \
      '*--group=[A group of that user]:NAME:' \
      '--service-account=[Service account of pods that name none]:NAME:' \
      '--operation=[The operation of the request]:WORD:(CREATE UPDATE)' \
      '--endpoint=[mutate rewrites and denies]:WORD:(mutate validate)' \
      '--now=[Date (2027-01-31) or RFC 3339 time at which exemptions are evaluated]:TIME:' \
      '*--exclude=[Exclude matching paths in folders, relative to the folder that is given]:GLOB:' \
      '--strict[Exit with 1 when something is not judged: an object of another kind that contains images, or an unrendered template in a folder]' \
      '--fail-on-warn[Exit with 3 when there are warnings but no denials]' \
      '--require-objects[Exit with 1 when a FILE or folder contains no objects, so that a CI job cannot pass without testing anything]' \
      '--quiet[Print only denials, warnings and what is not judged: no rewrites, no summary, no progress]' \
      '-q[Print only denials, warnings and what is not judged: no rewrites, no summary, no progress]' \
      '--verbose[Name each file in a folder that is skipped because it is not a manifest]' \
      '-v[Name each file in a folder that is skipped because it is not a manifest]' \
      '--summary[Always print the summary]' \
      '--color=[Color of text output]:WHEN:(auto always never)' \
      '--jobs=[Files read in parallel]:N:' \
      '-j+[Files read in parallel]:N:' \
      '--help[Print this help and exit]' \
      '-h[Print this help and exit]' \
      '*:file:_files'
      ;;
    verify)
      _arguments -s \
      '--run=[Run only cases whose name matches this POSIX extended regular expression]:REGEX:' \
      '--verbose[Print each case when it starts and when it passes]' \
      '-v[Print each case when it starts and when it passes]' \
      '--output=[text: as go test]:FORMAT:(text json junit sarif github)' \
      '-o+[text: as go test]:FORMAT:(text json junit sarif github)' \
      '--help[Print this help and exit]' \
      '-h[Print this help and exit]'
      ;;
    bench)
      _arguments -s \
      '--policy=[Rule file, or a folder of rule files]:FILE:_files' \
      '-p+[Rule file, or a folder of rule files]:FILE:_files' \
      '--iterations=[How many times each object is decided]:N:' \
      '--warmup=[Iterations before that, which are not measured]:N:' \
      '--concurrency=[Threads that share the iterations]:N:' \
      '-c+[Threads that share the iterations]:N:' \
      '--save=[Write the figures to a file, for a later --compare]:FILE:_files' \
      '--compare=[Compare with saved figures]:FILE:_files' \
      '--worst[Generate the most expensive reviews for the rule file, of at most 32 MiB, and print the cost of each]' \
      '--threshold=[The slowdown that --compare tolerates]:PERCENT:' \
      '--namespace=[Namespace of objects that name none]:NAME:' \
      '-n+[Namespace of objects that name none]:NAME:' \
      '--endpoint=[Which path of the webhook is measured]:WORD:(mutate validate)' \
      '--now=[Date or RFC 3339 time at which exemptions are evaluated]:TIME:' \
      '--output=[json: the document that --save writes]:FORMAT:(text json)' \
      '-o+[json: the document that --save writes]:FORMAT:(text json)' \
      '--help[Print this help and exit]' \
      '-h[Print this help and exit]' \
      '*:file:_files'
      ;;
    apply)
      _arguments -s \
      '--policy=[Rule file, or a folder of rule files]:FILE:_files' \
      '-p+[Rule file, or a folder of rule files]:FILE:_files' \
      '--templates[Also rewrite the images of pod templates, as the images of their pods will be]' \
      '-t[Also rewrite the images of pod templates, as the images of their pods will be]' \
      '--in-place[Write the files in place, each atomically, instead of printing to standard output]' \
      '-i[Write the files in place, each atomically, instead of printing to standard output]' \
      '--namespace=[Namespace of standalone images, and of objects that name none]:NAME:' \
      '-n+[Namespace of standalone images, and of objects that name none]:NAME:' \
      '--labels=[Labels of the pod that a standalone image is evaluated in]:KEY=VALUE,...:' \
      '-l+[Labels of the pod that a standalone image is evaluated in]:KEY=VALUE,...:' \
      '--service-account=[Service account of that pod, and of pods that name none]:NAME:' \
      '--user=[The requesting user, such as system:serviceaccount:airbyte:airbyte-admin]:NAME:' \
      '*--group=[A group of that user]:NAME:' \
      '--now=[Date (2027-01-31) or RFC 3339 time at which exemptions are evaluated]:TIME:' \
      '*--exclude=[Exclude matching paths in folders, relative to the folder that is given]:GLOB:' \
      '--strict[Exit with 1 when something is not judged: an object of another kind that contains images, or an unrendered template in a folder]' \
      '--help[Print this help and exit]' \
      '-h[Print this help and exit]' \
      '*:file:_files'
      ;;
    explain)
      _arguments -s \
      '--policy=[Rule file, or a folder of rule files]:FILE:_files' \
      '-p+[Rule file, or a folder of rule files]:FILE:_files' \
      '--output=[json: one JSON object per line]:FORMAT:(text json)' \
      '-o+[json: one JSON object per line]:FORMAT:(text json)' \
      '--namespace=[Namespace of standalone images, and of objects that name none]:NAME:' \
      '-n+[Namespace of standalone images, and of objects that name none]:NAME:' \
      '--labels=[Labels of the pod that a standalone image is evaluated in]:KEY=VALUE,...:' \
      '-l+[Labels of the pod that a standalone image is evaluated in]:KEY=VALUE,...:' \
      '--service-account=[Service account of that pod, and of pods that name none]:NAME:' \
      '--user=[The requesting user, such as system:serviceaccount:airbyte:airbyte-admin]:NAME:' \
      '*--group=[A group of that user]:NAME:' \
      '--now=[Date (2027-01-31) or RFC 3339 time at which exemptions are evaluated]:TIME:' \
      '--operation=[The operation of the request]:WORD:(CREATE UPDATE)' \
      '*--exclude=[Exclude matching paths in folders, relative to the folder that is given]:GLOB:' \
      '--strict[Exit with 1 when something is not judged: an object of another kind that contains images, or an unrendered template in a folder]' \
      '--help[Print this help and exit]' \
      '-h[Print this help and exit]' \
      '*:file:_files'
      ;;
    images)
      _arguments -s \
      '--policy=[Rule file, or a folder of rule files]:FILE:_files' \
      '-p+[Rule file, or a folder of rule files]:FILE:_files' \
      '--output=[table and json: every image and where it comes from]:FORMAT:(table json skopeo-sync skopeo-copy)' \
      '-o+[table and json: every image and where it comes from]:FORMAT:(table json skopeo-sync skopeo-copy)' \
      '--namespace=[Namespace of standalone images, and of objects that name none]:NAME:' \
      '-n+[Namespace of standalone images, and of objects that name none]:NAME:' \
      '--labels=[Labels of the pod that a standalone image is evaluated in]:KEY=VALUE,...:' \
      '-l+[Labels of the pod that a standalone image is evaluated in]:KEY=VALUE,...:' \
      '--service-account=[Service account of that pod, and of pods that name none]:NAME:' \
      '--user=[The requesting user, such as system:serviceaccount:airbyte:airbyte-admin]:NAME:' \
      '*--group=[A group of that user]:NAME:' \
      '--now=[Date (2027-01-31) or RFC 3339 time at which exemptions are evaluated]:TIME:' \
      '*--exclude=[Exclude matching paths in folders, relative to the folder that is given]:GLOB:' \
      '--strict[Exit with 1 when something is not judged: an object of another kind that contains images, or an unrendered template in a folder]' \
      '--check[Ask the registries whether each image exists, as the nodes pull it]' \
      '--missing[With -o skopeo-copy and skopeo-sync: only the images that --check finds missing, or with --against-source different]' \
      '--platform=[With --check: platforms that each image must have, such as linux/amd64,linux/arm64]:OS/ARCH,...:' \
      '--against-source[With --check: compare the digest of each rewritten image with that of its source]' \
      '--secrets=[With --check: the clusters Secrets, and its ServiceAccounts, as kubectl get -o json prints them]:FILE:_files' \
      '--docker-config=[With --check: credentials of dockers config.json]:FILE:_files' \
      '--ca=[CA certificates (PEM) that are trusted besides the systems]:FILE:_files' \
      '--client-cert=[Client certificate (PEM) for registries]:FILE:_files' \
      '--client-key=[The key of --client-cert (PEM)]:FILE:_files' \
      '*--plain-http=[A registry that is asked by plain HTTP]:HOST[:PORT]:' \
      '*--token-host=[A token server that may get a registrys credential although it is another host]:HOST[:PORT]:' \
      '--connections=[How many requests run at once]:N:' \
      '--timeout=[How long one request may take]:DURATION:' \
      '--verbose[With --check: print each request on standard error, without credentials]' \
      '-v[With --check: print each request on standard error, without credentials]' \
      '--help[Print this help and exit]' \
      '-h[Print this help and exit]' \
      '*:file:_files'
      ;;
    secrets)
      _arguments -s \
      '--policy=[Rule file, or a folder of rule files]:FILE:_files' \
      '-p+[Rule file, or a folder of rule files]:FILE:_files' \
      '--output=[table and json: which namespace needs which secret for which hosts]:FORMAT:(table json yaml)' \
      '-o+[table and json: which namespace needs which secret for which hosts]:FORMAT:(table json yaml)' \
      '--from=[Print a Secret for each secret of a namespace, with the credentials of FILE that it needs]:FILE:_files' \
      '--username=[The same with one user, whose password is read from standard input]:NAME:' \
      '--password-stdin[Read the password of --username from standard input]' \
      '*--registry=[What the user of --username is for]:HOST[:PORT][/PATH]:' \
      '--external-secrets=[Print ExternalSecret objects (external-secrets.io/v1) that read a docker config.json from this store]:[KIND/]STORE:' \
      '--remote-key=[With --external-secrets: the key in the store]:KEY:' \
      '--sealed[With --from or --username: print the command that makes SealedSecrets with kubeseal, and nothing else]' \
      '--namespace=[Namespace of objects that name none]:NAME:' \
      '-n+[Namespace of objects that name none]:NAME:' \
      '--user=[The requesting user, such as system:serviceaccount:airbyte:airbyte-admin]:NAME:' \
      '*--group=[A group of that user]:NAME:' \
      '--now=[Date (2027-01-31) or RFC 3339 time at which exemptions are evaluated]:TIME:' \
      '*--exclude=[Exclude matching paths in folders, relative to the folder that is given]:GLOB:' \
      '--strict[Exit with 1 when something is not judged: an object of another kind that contains images, or an unrendered template in a folder]' \
      '--help[Print this help and exit]' \
      '-h[Print this help and exit]' \
      '*:file:_files'
      ;;
    doctor)
      _arguments -s \
      '--policy=[Rule file, or a folder of rule files]:FILE:_files' \
      '-p+[Rule file, or a folder of rule files]:FILE:_files' \
      '--namespace=[Look at this namespace alone]:NAME:' \
      '-n+[Look at this namespace alone]:NAME:' \
      '--cluster[Read the state with kubectl (KUBECTL names another program) instead of from dumps]' \
      '--context=[Context of the kubeconfig, for kubectl]:NAME:' \
      '--kubeconfig=[Kubeconfig, for kubectl]:FILE:_files' \
      '--tls-cert=[The serving certificate that the caBundle must verify]:FILE:_files' \
      '--values=[Helm values of Airbyte: global.imagePullSecrets is compared with the policy]:FILE:_files' \
      '--soon=[Report tokens that expire within this time]:TIME:' \
      '--output=[text: findings for people]:FORMAT:(text json junit sarif github)' \
      '-o+[text: findings for people]:FORMAT:(text json junit sarif github)' \
      '*--ignore=[Omit findings with this code]:CODE:' \
      '--strict[Exit with 1 for notes as well]' \
      '--verbose[Print the commands of --cluster]' \
      '-v[Print the commands of --cluster]' \
      '--now=[Date (2027-01-31) or RFC 3339 time at which certificates, tokens and exemptions are evaluated]:TIME:' \
      '--help[Print this help and exit]' \
      '-h[Print this help and exit]'
      ;;
    sync)
      _arguments -s \
      '--policy=[Rule file, or a folder of rule files]:FILE:_files' \
      '-p+[Rule file, or a folder of rule files]:FILE:_files' \
      '--dry-run[Print what would be done]' \
      '*--annotated=[Namespace (or glob) whose Secrets may ask for copies by the annotations pullgate.dev/sync-to and astronomer.io/commander-sync]:NAMESPACE:' \
      '--respect-value[Take a value KEY=VALUE of astronomer.io/commander-sync as a label selector of namespaces]' \
      '--instance=[Name in the mark of each copy]:NAME:' \
      '--output=[text: a line for each action, and a summary]:FORMAT:(text json)' \
      '-o+[text: a line for each action, and a summary]:FORMAT:(text json)' \
      '--help[Print this help and exit]' \
      '-h[Print this help and exit]' \
      '*:file:_files'
      ;;
    lint)
      _arguments -s \
      '--output=[text: file:line:col lines and what to do]:FORMAT:(text json junit sarif github)' \
      '-o+[text: file:line:col lines and what to do]:FORMAT:(text json junit sarif github)' \
      '--now=[Date (2027-01-31) or RFC 3339 time at which exemptions are evaluated]:TIME:' \
      '--soon-days=[Report exemptions that end within this many days]:DAYS:' \
      '*--ignore=[Omit findings with this id]:ID:' \
      '--strict[Exit with 1 for notes as well]' \
      '--schema[Print the JSON Schema (draft-07) of rule files instead, for editors]' \
      '--help[Print this help and exit]' \
      '-h[Print this help and exit]' \
      '*:file:_files'
      ;;
    review)
      _arguments -s \
      '--policy=[Rule file, or a folder of rule files]:FILE:_files' \
      '-p+[Rule file, or a folder of rule files]:FILE:_files' \
      '--endpoint=[Which path of the webhook answers]:WORD:(mutate validate)' \
      '--now=[Date or RFC 3339 time at which exemptions are evaluated]:TIME:' \
      '--help[Print this help and exit]' \
      '-h[Print this help and exit]' \
      '*:file:_files'
      ;;
    parse)
      _arguments -s \
      '--output=[text: the parts, and how kubelet, containerd and CRI-O read the reference]:FORMAT:(text json)' \
      '-o+[text: the parts, and how kubelet, containerd and CRI-O read the reference]:FORMAT:(text json)' \
      '--help[Print this help and exit]' \
      '-h[Print this help and exit]'
      ;;
    certs)
      _arguments -s \
      '--dir=[Folder with ca.crt, ca.key, tls.crt and tls.key]:DIR:_files' \
      '-d+[Folder with ca.crt, ca.key, tls.crt and tls.key]:DIR:_files' \
      '--service=[Kubernetes Service of the webhook]:NAME:' \
      '--namespace=[Namespace of that Service]:NAME:' \
      '-n+[Namespace of that Service]:NAME:' \
      '*--dns=[Additional DNS name or IP address for the certificate]:NAME:' \
      '--days=[Lifetime of the serving certificate]:N:' \
      '--ca-days=[Lifetime of the CA]:N:' \
      '--key=[Type of key]:KIND:(p256 rsa2048)' \
      '--force[init: replace existing files]' \
      '-f[init: replace existing files]' \
      '--new-ca[rotate: create a new CA even if none is due]' \
      '--overlap-days=[rotate: how long a replaced CA stays in the bundle]:N:' \
      '--dry-run[rotate: only print what would be done]' \
      '--tls-cert=[check, show: the certificate]:FILE:_files' \
      '--tls-key=[check: the key]:FILE:_files' \
      '--name=[check: the name that the certificate must have]:NAME:' \
      '--help[Print this help and exit]' \
      '-h[Print this help and exit]' \
      '1:what:(init rotate check show bundle)'
      ;;
    render)
      _arguments -s \
      '--image=[Image of pullgate, or for sync of pullgate-sync, as you built and pushed it (deploy/Containerfile)]:IMAGE:' \
      '-i+[Image of pullgate, or for sync of pullgate-sync, as you built and pushed it (deploy/Containerfile)]:IMAGE:' \
      '--policy=[Rule file, or a folder of rule files]:FILE:_files' \
      '-p+[Rule file, or a folder of rule files]:FILE:_files' \
      '--certs=[Folder created by policyctl certs init]:DIR:_files' \
      '--certificate-mode=[existing: the webhook serves tls.crt, which is valid for a year and has to be renewed]:WORD:(existing selfSigned)' \
      '--only=[certs: only the objects that hold certificates, the Secret and both webhook configurations, so that certificates are renewed without other changes]:WORD:(all certs)' \
      '--namespace=[Namespace of the webhook, which contains nothing else]:NAME:' \
      '-n+[Namespace of the webhook, which contains nothing else]:NAME:' \
      '--replicas=[Number of webhook pods]:N:' \
      '--failure-policy=[What happens to pods while the webhook does not answer: Ignore admits them, Fail denies them]:WORD:(Ignore Fail)' \
      '*--annotated=[sync: namespace whose Secrets may ask for copies by annotation]:NAMESPACE:' \
      '*--name=[sync: name of copies that annotations ask for, or that the rule file asked for before]:NAME:' \
      '--respect-value[sync: take a value KEY=VALUE of astronomer.io/commander-sync as a label selector]' \
      '--wide[sync: the right to every Secret of the cluster, in place of names]' \
      '--help[Print this help and exit]' \
      '-h[Print this help and exit]' \
      '*:file:_files'
      ;;
    ask)
      _arguments -s \
      '--policy=[Rule file, or a folder of rule files]:FILE:_files' \
      '-p+[Rule file, or a folder of rule files]:FILE:_files' \
      '--server=[The webhook: https://HOST:PORT, without a path]:URL:' \
      '--ca=[Certificates (PEM) that the webhooks must lead to: ca.crt of policyctl certs init, or the caBundle of its registration]:FILE:_files' \
      '--servername=[The name that its certificate must have, when it is not that of the URL: <service>.<namespace>.svc]:NAME:' \
      '--namespace=[Namespace of pods that name none]:NAME:' \
      '-n+[Namespace of pods that name none]:NAME:' \
      '--user=[The user who creates the pods]:NAME:' \
      '*--group=[A group of that user]:NAME:' \
      '--timeout=[How long one answer may take]:TIME:' \
      '--wait=[Ask again until all answers are equal, for this long: a changed rule file reaches the webhooks pods within a minute or two]:TIME:' \
      '--dry-run[Only print the questions, and what the rule file answers]' \
      '--help[Print this help and exit]' \
      '-h[Print this help and exit]' \
      '*:file:_files'
      ;;
    import)
      _arguments -s \
      '*--namespace=[Namespace of the tools pods, for formats whose files do not name it (airbyte, astronomer)]:GLOB:' \
      '*-n+[Namespace of the tools pods, for formats whose files do not name it (airbyte, astronomer)]:GLOB:' \
      '--help[Print this help and exit]' \
      '-h[Print this help and exit]' \
      '*:file:_files'
      ;;
    completion)
      _arguments -s \
      '--help[Print this help and exit]' \
      '-h[Print this help and exit]' \
      '1:what:(bash zsh fish)'
      ;;
    help)
      _arguments -s \
      '--help[Print this help and exit]' \
      '-h[Print this help and exit]' \
      '1:what:(test verify bench apply explain images secrets doctor sync lint review parse certs render ask import completion help version)'
      ;;
    version)
      _arguments -s \
      '--help[Print this help and exit]' \
      '-h[Print this help and exit]'
      ;;
  esac
}
if [[ ${funcstack[1]} == _policyctl ]]; then
  _policyctl "$@"
else
  compdef _policyctl policyctl
fi
