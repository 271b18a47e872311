#include "report/objects_rules.h"

const struct report_rule report_objects_rules[OBJECTS_N_RULES] = {
    [REASON_INVALID] =
        {"invalid-image", "InvalidImageReference",
         "The text is not an image reference by the kubelet's grammar.",
         "Correct the reference: [host[:port]/]path[:tag][@digest], the path in lower case. "
         "The "
         "message names the byte that does not fit; `policyctl parse IMAGE` takes a reference "
         "apart.",
         REPORT_ERROR},
    [REASON_DENIED] =
        {"denied", "ImageDenied", "The image is on the list of denied images.",
         "Use another image, or ask the owners of the rule file about the pattern under "
         "`denied` that the message names. A denial wins over an approval.",
         REPORT_ERROR},
    [REASON_NOT_APPROVED] =
        {"not-approved", "RegistryNotApproved",
         "The image names a registry that no rule approves.",
         "Write the image that the message suggests, or leave the registry out and let the "
         "webhook add it. A registry becomes approved under `approved` of the rule file.",
         REPORT_ERROR},
    [REASON_NOT_REWRITTEN] =
        {"not-rewritten", "ImageNotRewritten",
         "The image should have been rewritten and is where that is no longer possible.",
         "Write the image that the message suggests. Rewriting happens when a pod is created; "
         "templates and the validating webhook only look.",
         REPORT_ERROR},
    [REASON_DIGEST_MISSING] =
        {"digest-missing", "ImageDigestMissing", "The rule asks for images by digest.",
         "Append the digest of the image that was tested: name@sha256:...", REPORT_ERROR},
    [REASON_TAG_MISSING] = {"tag-missing", "ImageTagMissing",
                            "The rule asks for a tag other than latest, or a digest.",
                            "Name the version to run: a tag that is not `latest`, or a digest.",
                            REPORT_ERROR},
    [REASON_UNMATCHED] =
        {"unmatched", "PodUnmatched",
         "No rule selects the pod, and the rule file denies such pods.",
         "Add a rule whose `match` selects the pod's namespace, labels or account, or run it "
         "where a rule already does.",
         REPORT_ERROR},
    [REASON_PATTERN_LIMIT] =
        {"pattern-limit", "PatternGaveUp",
         "The patterns of the rule file take too many steps: one regular expression for one "
         "image, or "
         "all of them for one object.",
         "Make the patterns simpler (`policyctl lint` names the costly ones), or put fewer "
         "different "
         "images into one object; what cannot be decided is counted against it.",
         REPORT_ERROR},
    [REASON_EXEMPTED] =
        {"exempted", "ImageExempted", "An exemption of the rule file lets the image pass.",
         "Nothing now. Look at `until` of the exemption: the image is refused after that day.",
         REPORT_NOTE},
    [REASON_MALFORMED] =
        {"malformed", "ObjectMalformed", "The object cannot be read as what it says it is.",
         "Correct the object; the API server would refuse it, or read it as something else.",
         REPORT_ERROR},
    [OBJECTS_REWRITTEN] =
        {"rewritten", "ImageRewritten", "The webhook rewrites the image.",
         "Nothing. Writing the image as it will be keeps the manifest and the cluster alike.",
         REPORT_NOTE},
    [OBJECTS_SECRET_ADDED] = {"pull-secret-added", "ImagePullSecretAdded",
                              "The webhook adds imagePullSecrets to the pod.",
                              "Nothing, as long as the secret exists in the pod's namespace.",
                              REPORT_NOTE},
    [OBJECTS_NOT_JUDGED] =
        {"not-judged", "ObjectNotJudged",
         "The object holds images, or should, and is of a kind that is not judged.",
         "Nothing where its controller makes pods of it: these are judged as they are created. "
         "`policyctl test --strict` fails on such objects.",
         REPORT_NOTE},
};
