#include "report/objects_rules.h"

const struct report_rule report_objects_rules[OBJECTS_N_RULES] = {
    [REASON_INVALID] =
        {"invalid-image", "InvalidImageReference",
         "The text is not an image reference by the kubelet's grammar.",
         "Correct the reference: [host[:port]/]path[:tag][@digest], the path in lower case. "
         "The "
         "message names the first invalid byte; `policyctl parse IMAGE` shows the parts of a "
         "reference.",
         REPORT_ERROR},
    [REASON_DENIED] =
        {"denied", "ImageDenied", "The image is on the list of denied images.",
         "Use another image, or ask the owners of the rule file about the pattern under "
         "`denied` that the message names. A denial wins over an approval.",
         REPORT_ERROR},
    [REASON_NOT_APPROVED] =
        {"not-approved", "RegistryNotApproved",
         "The image names a registry that no rule approves.",
         "Write the image that the message suggests, or leave the registry out: the webhook "
         "adds it. To approve a registry, list it under `approved` in the rule file.",
         REPORT_ERROR},
    [REASON_NOT_REWRITTEN] =
        {"not-rewritten", "ImageNotRewritten",
         "The image should have been rewritten, which is no longer possible.",
         "Write the image that the message suggests. Images are rewritten when a pod is "
         "created, never in templates or by the validating webhook.",
         REPORT_ERROR},
    [REASON_DIGEST_MISSING] =
        {"digest-missing", "ImageDigestMissing", "The rule requires images by digest.",
         "Append the digest of the image that was tested: name@sha256:...", REPORT_ERROR},
    [REASON_TAG_MISSING] = {"tag-missing", "ImageTagMissing",
                            "The rule requires a tag other than latest, or a digest.",
                            "Name the version to run: a tag that is not `latest`, or a digest.",
                            REPORT_ERROR},
    [REASON_UNMATCHED] =
        {"unmatched", "PodUnmatched",
         "No rule selects the pod, and the rule file denies such pods.",
         "Add a rule whose `match` selects the pod's namespace, labels or account, or run the "
         "pod where a rule selects it.",
         REPORT_ERROR},
    [REASON_PATTERN_LIMIT] =
        {"pattern-limit", "PatternLimitReached",
         "The patterns of the rule file need too many steps: one regular expression for one "
         "image, or all of them for one object.",
         "Simplify the patterns (`policyctl lint` names the costly ones), or put fewer "
         "different images into one object. An image that cannot be decided is denied.",
         REPORT_ERROR},
    [REASON_EXEMPTED] =
        {"exempted", "ImageExempted", "An exemption of the rule file allows the image.",
         "Nothing now. After the day in `until` of the exemption the image is denied.",
         REPORT_NOTE},
    [REASON_MALFORMED] =
        {"malformed", "ObjectMalformed", "The object is not a valid object of its kind.",
         "Correct the object: the API server would reject it, or read it differently.",
         REPORT_ERROR},
    [OBJECTS_REWRITTEN] =
        {"rewritten", "ImageRewritten", "The webhook rewrites the image.",
         "Nothing. With the rewritten image in the manifest, it equals what is in the cluster.",
         REPORT_NOTE},
    [OBJECTS_SECRET_ADDED] = {"pull-secret-added", "ImagePullSecretAdded",
                              "The webhook adds imagePullSecrets to the pod.",
                              "Nothing, as long as the secret exists in the pod's namespace.",
                              REPORT_NOTE},
    [OBJECTS_NOT_JUDGED] =
        {"not-judged", "ObjectNotJudged",
         "The object has images, or should have, and its kind is not judged.",
         "Nothing, if its controller creates pods: they are judged on creation. `policyctl "
         "test --strict` fails on such objects.",
         REPORT_NOTE},
};
