#compdef policyctl
# Made by: policyctl completion zsh
_policyctl() {
  local -a verbs
  verbs=(
    'test:say what the webhook would do to manifests'
    'verify:run unit tests of rule files'
    'bench:measure decisions of a rule file'
    'apply:print manifests as the webhook would leave them'
    'explain:say which rule decides, and why, step by step'
    'images:list the images, and where the policy sends them'
    'lint:find what is wrong with rule files'
    'review:answer an AdmissionReview as the webhook does'
    'parse:take image references apart, or say what is wrong'
    'certs:make and check serving certificates'
    'render:print the manifests of a webhook, for kubectl apply'
    'completion:print a script that completes command lines'
    'help:print what the verbs are, or what one of them takes'
    'version:print version and libraries'
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
      '--namespace=[Namespace of objects that name none, as kubectl -n]:NAME:' \
      '-n+[Namespace of objects that name none, as kubectl -n]:NAME:' \
      '--user=[Who asks, as system:serviceaccount:airbyte:airbyte-admin]:NAME:' \
      '*--group=[A group of that user]:NAME:' \
      '--service-account=[Service account of pods that name none]:NAME:' \
      '--operation=[What is asked]:WORD:(CREATE UPDATE)' \
      '--endpoint=[mutate rewrites and refuses]:WORD:(mutate validate)' \
      '--now=[Date (2027-01-31) or RFC 3339 time at which exemptions are looked at]:TIME:' \
      '*--exclude=[Leave out what matches in folders, from the folder given on]:GLOB:' \
      '--strict[Exit with 1 when something is not judged: an object of another kind with images in it, a template in a folder that was not rendered]' \
      '--fail-on-warn[Exit with 3 when there are only warnings]' \
      '--require-objects[Exit with 1 when a FILE or folder has no object: a CI job that tests nothing is no test]' \
      '--quiet[Denials, warnings and what is not judged: no rewrites, no summary, no progress]' \
      '-q[Denials, warnings and what is not judged: no rewrites, no summary, no progress]' \
      '--verbose[Name each file of a folder that is skipped, being no manifest]' \
      '-v[Name each file of a folder that is skipped, being no manifest]' \
      '--summary[Print the summary in any case]' \
      '--color=[Colours in text: auto is when standard output is a terminal and NO_COLOR is not set]:WHEN:(auto always never)' \
      '--jobs=[Files read at a time]:N:' \
      '-j+[Files read at a time]:N:' \
      '--help[Print this and end]' \
      '-h[Print this and end]' \
      '*:file:_files'
      ;;
    verify)
      _arguments -s \
      '--run=[Only cases whose name this matches: a POSIX extended regular expression, anywhere in it]:REGEX:' \
      '--verbose[Say of each case that it runs, and that it passed]' \
      '-v[Say of each case that it runs, and that it passed]' \
      '--output=[text: as go test]:FORMAT:(text json junit sarif github)' \
      '-o+[text: as go test]:FORMAT:(text json junit sarif github)' \
      '--help[Print this and end]' \
      '-h[Print this and end]'
      ;;
    bench)
      _arguments -s \
      '--policy=[Rule file, or a folder of rule files]:FILE:_files' \
      '-p+[Rule file, or a folder of rule files]:FILE:_files' \
      '--iterations=[Times that each object is decided over]:N:' \
      '--warmup=[Times before that, which are not measured]:N:' \
      '--concurrency=[Threads that share the iterations]:N:' \
      '-c+[Threads that share the iterations]:N:' \
      '--save=[Keep the figures, for a later --compare]:FILE:_files' \
      '--compare=[Figures that were kept]:FILE:_files' \
      '--worst[No files: make the worst reviews for the rule file, of 32 MiB at most, and tell what each takes]' \
      '--threshold=[How much slower is too slow]:PERCENT:' \
      '--namespace=[Namespace of objects that name none]:NAME:' \
      '-n+[Namespace of objects that name none]:NAME:' \
      '--endpoint=[Which of the webhooks paths is asked]:WORD:(mutate validate)' \
      '--now=[Date or RFC 3339 time at which exemptions are looked at]:TIME:' \
      '--output=[json: the document that --save keeps]:FORMAT:(text json)' \
      '-o+[json: the document that --save keeps]:FORMAT:(text json)' \
      '--help[Print this and end]' \
      '-h[Print this and end]' \
      '*:file:_files'
      ;;
    apply)
      _arguments -s \
      '--policy=[Rule file, or a folder of rule files]:FILE:_files' \
      '-p+[Rule file, or a folder of rule files]:FILE:_files' \
      '--templates[Rewrite the images of pod templates, too, as those of their pods]' \
      '-t[Rewrite the images of pod templates, too, as those of their pods]' \
      '--in-place[Write the files themselves, each in one step, instead of standard output]' \
      '-i[Write the files themselves, each in one step, instead of standard output]' \
      '--namespace=[Namespace of images that stand alone, and of objects that name none]:NAME:' \
      '-n+[Namespace of images that stand alone, and of objects that name none]:NAME:' \
      '--labels=[Labels of the pod that an image standing alone is taken to be in]:KEY=VALUE,...:' \
      '-l+[Labels of the pod that an image standing alone is taken to be in]:KEY=VALUE,...:' \
      '--service-account=[Service account of that pod, and of pods that name none]:NAME:' \
      '--user=[Who asks, as system:serviceaccount:airbyte:airbyte-admin]:NAME:' \
      '*--group=[A group of that user]:NAME:' \
      '--now=[Date (2027-01-31) or RFC 3339 time at which exemptions are looked at]:TIME:' \
      '*--exclude=[Leave out what matches in folders, from the folder given on]:GLOB:' \
      '--strict[Exit with 1 when something is not judged: an object of another kind with images in it, a template in a folder that was not rendered]' \
      '--help[Print this and end]' \
      '-h[Print this and end]' \
      '*:file:_files'
      ;;
    explain)
      _arguments -s \
      '--policy=[Rule file, or a folder of rule files]:FILE:_files' \
      '-p+[Rule file, or a folder of rule files]:FILE:_files' \
      '--output=[json: one JSON object a line]:FORMAT:(text json)' \
      '-o+[json: one JSON object a line]:FORMAT:(text json)' \
      '--namespace=[Namespace of images that stand alone, and of objects that name none]:NAME:' \
      '-n+[Namespace of images that stand alone, and of objects that name none]:NAME:' \
      '--labels=[Labels of the pod that an image standing alone is taken to be in]:KEY=VALUE,...:' \
      '-l+[Labels of the pod that an image standing alone is taken to be in]:KEY=VALUE,...:' \
      '--service-account=[Service account of that pod, and of pods that name none]:NAME:' \
      '--user=[Who asks, as system:serviceaccount:airbyte:airbyte-admin]:NAME:' \
      '*--group=[A group of that user]:NAME:' \
      '--now=[Date (2027-01-31) or RFC 3339 time at which exemptions are looked at]:TIME:' \
      '--operation=[What is asked]:WORD:(CREATE UPDATE)' \
      '*--exclude=[Leave out what matches in folders, from the folder given on]:GLOB:' \
      '--strict[Exit with 1 when something is not judged: an object of another kind with images in it, a template in a folder that was not rendered]' \
      '--help[Print this and end]' \
      '-h[Print this and end]' \
      '*:file:_files'
      ;;
    images)
      _arguments -s \
      '--policy=[Rule file, or a folder of rule files]:FILE:_files' \
      '-p+[Rule file, or a folder of rule files]:FILE:_files' \
      '--output=[table and json: every image and where it comes from]:FORMAT:(table json skopeo-sync skopeo-copy)' \
      '-o+[table and json: every image and where it comes from]:FORMAT:(table json skopeo-sync skopeo-copy)' \
      '--namespace=[Namespace of images that stand alone, and of objects that name none]:NAME:' \
      '-n+[Namespace of images that stand alone, and of objects that name none]:NAME:' \
      '--labels=[Labels of the pod that an image standing alone is taken to be in]:KEY=VALUE,...:' \
      '-l+[Labels of the pod that an image standing alone is taken to be in]:KEY=VALUE,...:' \
      '--service-account=[Service account of that pod, and of pods that name none]:NAME:' \
      '--user=[Who asks, as system:serviceaccount:airbyte:airbyte-admin]:NAME:' \
      '*--group=[A group of that user]:NAME:' \
      '--now=[Date (2027-01-31) or RFC 3339 time at which exemptions are looked at]:TIME:' \
      '*--exclude=[Leave out what matches in folders, from the folder given on]:GLOB:' \
      '--strict[Exit with 1 when something is not judged: an object of another kind with images in it, a template in a folder that was not rendered]' \
      '--help[Print this and end]' \
      '-h[Print this and end]' \
      '*:file:_files'
      ;;
    lint)
      _arguments -s \
      '--output=[text: file:line:col lines and what to do]:FORMAT:(text json junit sarif github)' \
      '-o+[text: file:line:col lines and what to do]:FORMAT:(text json junit sarif github)' \
      '--now=[Date (2027-01-31) or RFC 3339 time at which exemptions are looked at]:TIME:' \
      '--soon-days=[Exemptions that end within so many days are told]:DAYS:' \
      '*--ignore=[Leave findings of this id out]:ID:' \
      '--strict[Exit with 1 for notes as well]' \
      '--schema[Print the JSON Schema (draft-07) of rule files instead, for editors]' \
      '--help[Print this and end]' \
      '-h[Print this and end]' \
      '*:file:_files'
      ;;
    review)
      _arguments -s \
      '--policy=[Rule file, or a folder of rule files]:FILE:_files' \
      '-p+[Rule file, or a folder of rule files]:FILE:_files' \
      '--endpoint=[Which of the webhooks paths answers]:WORD:(mutate validate)' \
      '--now=[Date or RFC 3339 time at which exemptions are looked at]:TIME:' \
      '--help[Print this and end]' \
      '-h[Print this and end]' \
      '*:file:_files'
      ;;
    parse)
      _arguments -s \
      '--output=[text: a line, and what kubelet, containerd and CRI-O make of it]:FORMAT:(text json)' \
      '-o+[text: a line, and what kubelet, containerd and CRI-O make of it]:FORMAT:(text json)' \
      '--help[Print this and end]' \
      '-h[Print this and end]'
      ;;
    certs)
      _arguments -s \
      '--dir=[Folder of ca.crt, ca.key, tls.crt and tls.key]:DIR:_files' \
      '-d+[Folder of ca.crt, ca.key, tls.crt and tls.key]:DIR:_files' \
      '--service=[Kubernetes Service of the webhook]:NAME:' \
      '--namespace=[Namespace of that Service]:NAME:' \
      '-n+[Namespace of that Service]:NAME:' \
      '*--dns=[Further DNS name or IP address for the certificate]:NAME:' \
      '--days=[Life of the serving certificate]:N:' \
      '--ca-days=[Life of the CA]:N:' \
      '--key=[Kind of key]:KIND:(p256 rsa2048)' \
      '--force[init: replace existing files]' \
      '-f[init: replace existing files]' \
      '--new-ca[rotate: a new CA even when none is due]' \
      '--overlap-days=[rotate: how long a replaced CA stays in the bundle]:N:' \
      '--dry-run[rotate: say what would be done]' \
      '--tls-cert=[check, show: the certificate]:FILE:_files' \
      '--tls-key=[check: the key]:FILE:_files' \
      '--name=[check: the name it must carry]:NAME:' \
      '--help[Print this and end]' \
      '-h[Print this and end]' \
      '1:what:(init rotate check show bundle)'
      ;;
    render)
      _arguments -s \
      '--image=[Image of pullgate itself, as you built and pushed it (deploy/Containerfile)]:IMAGE:' \
      '-i+[Image of pullgate itself, as you built and pushed it (deploy/Containerfile)]:IMAGE:' \
      '--policy=[Rule file, or a folder of rule files]:FILE:_files' \
      '-p+[Rule file, or a folder of rule files]:FILE:_files' \
      '--certs=[Folder made by policyctl certs init: ca.crt, tls.crt and tls.key are used, ca.key is not read]:DIR:_files' \
      '--namespace=[Namespace of the webhook]:NAME:' \
      '-n+[Namespace of the webhook]:NAME:' \
      '--replicas=[Pods of the webhook]:N:' \
      '--failure-policy=[What becomes of pods while the webhook does not answer: Ignore lets them through, Fail refuses them]:WORD:(Ignore Fail)' \
      '--help[Print this and end]' \
      '-h[Print this and end]' \
      '*:file:_files'
      ;;
    completion)
      _arguments -s \
      '--help[Print this and end]' \
      '-h[Print this and end]' \
      '1:what:(bash zsh fish)'
      ;;
    help)
      _arguments -s \
      '--help[Print this and end]' \
      '-h[Print this and end]' \
      '1:what:(test verify bench apply explain images lint review parse certs render completion help version)'
      ;;
    version)
      _arguments -s \
      '--help[Print this and end]' \
      '-h[Print this and end]'
      ;;
  esac
}
if [[ ${funcstack[1]} == _policyctl ]]; then
  _policyctl "$@"
else
  compdef _policyctl policyctl
fi
