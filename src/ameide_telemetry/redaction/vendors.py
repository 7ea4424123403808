"""Keys and tokens that their makers gave a look of their own, mostly a prefix, so that they can be found.

The prefixes and lengths are those that the makers and the public lists for scanners of secrets name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ameide_telemetry.redaction.hiding import Hide

__all__ = ["hide_keys"]

_BEGIN: Final = r"(?<![A-Za-z0-9_\-])"
# Behind an escape of a URL or of a string, too.
_ANY_BEGIN: Final = rf"(?:{_BEGIN}|(?<=%[0-9A-Fa-f]{{2}})|(?<=\\[nrt]))"
_KEYS: Final = (
    r"(?:"
    r"A(?:KIA|SIA|BIA|CCA)[A-Z2-7]{16}(?![A-Za-z0-9])"  # AWS
    r"|AIza[A-Za-z0-9_\-]{30,64}+|ya29\.[A-Za-z0-9_\-]{20,}+|GOCSPX-[A-Za-z0-9_\-]{20,}+"  # Google
    r"|gh[pousr]_[A-Za-z0-9]{30,}+|github_pat_[A-Za-z0-9_]{40,}+"  # GitHub
    r"|gl(?:pat|dt|rt|cbt|ptt|soat)-[A-Za-z0-9_\-.]{20,}+"  # GitLab
    r"|xox[abeoprs]-[A-Za-z0-9\-]{10,}+|xapp-[0-9]-[A-Za-z0-9\-]{10,}+"  # Slack
    r"|T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/[A-Za-z0-9]{20,}+"  # Slack, in the path of a web hook
    r"|[srp]k_(?:live|test)_[A-Za-z0-9]{16,}+|whsec_[A-Za-z0-9+/=]{16,}+"  # Stripe
    r"|sk-(?:ant|proj|svcacct|admin|or)-[A-Za-z0-9_\-]{20,}+|sk-[A-Za-z0-9]{32,}+"  # Anthropic, OpenAI
    r"|SG\.[A-Za-z0-9_\-]{16,}+\.[A-Za-z0-9_\-]{16,}+"  # SendGrid
    r"|npm_[A-Za-z0-9]{36,}+|pypi-Ag[A-Za-z0-9_\-]{32,}+|dckr_pat_[A-Za-z0-9_\-]{20,}+"  # registries
    r"|hf_[A-Za-z0-9]{30,}+|do[opr]_v1_[0-9a-f]{64}|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"  # and others
    r"|hv[sbrp]\.[A-Za-z0-9_\-]{20,}+|AGE-SECRET-KEY-1[0-9A-Z]{50,}+|glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}"
    r"|PMAK-[0-9a-f]{24}-[0-9a-f]{34}|sq0(?:atp|csp)-[A-Za-z0-9_\-]{22,}+|NRAK-[A-Z0-9]{27}"
    r"|EAACEdEose0cBA[0-9A-Za-z]{1,512}+|AC[0-9a-f]{32}(?=:[0-9a-f]{32})"
    r"|(?:bot)?[0-9]{8,10}:AA[A-Za-z0-9_\-]{32,40}+"  # Telegram
    r"|ATATT3[A-Za-z0-9_\-=]{60,}+|lin_api_[A-Za-z0-9]{32,}+|ntn_[A-Za-z0-9]{40,}+|dapi[0-9a-f]{32}"
    r"|sntry[su]_[A-Za-z0-9_\-+/=]{40,}+|gsk_[A-Za-z0-9]{40,}+|tskey-[a-z]{1,12}-[A-Za-z0-9\-]{16,}+"
    r"|dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_\-]{2,35}\.)?[A-Za-z0-9]{40,44}+"  # Doppler
    r"|pscale_(?:pw|tkn|oauth)_[A-Za-z0-9_\-.=]{32,}+|sbp_[A-Za-z0-9_]{40,}+|fm[12][a-z]?_[A-Za-z0-9+/=]{40,}+"
    r"|[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_\-=]{60,}+"  # Terraform
    r"|dt0[a-z]01\.[A-Z0-9]{24}\.[A-Z0-9]{64}|pat[A-Za-z0-9]{14}\.[0-9a-f]{64}"  # Dynatrace, Airtable
    r"|figd_[A-Za-z0-9_\-]{36,}+|glc_[A-Za-z0-9+/=]{32,}+|GR1348941[A-Za-z0-9_\-]{20,}+"
    r"|(?:EAAA[A-Za-z0-9_\-]{60}|secret_[A-Za-z0-9]{43})(?![A-Za-z0-9_\-+/=])"  # Square, Notion
    r"|(?:[0-9a-f]{32}-us[0-9]{1,2}|key-[0-9a-f]{32}|SK[0-9a-f]{32})(?![A-Za-z0-9_\-])"  # Mailchimp, Mailgun
    r"|HRKU-(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Za-z0-9_]{40,}+)|NRJS-[0-9a-f]{19}"
    r"|x(?:key|smtp)sib-[0-9a-f]{64}(?:-[A-Za-z0-9]{16,}+)?|pplx-[A-Za-z0-9]{40,}+|xai-[A-Za-z0-9]{60,}+"
    r"|r8_[A-Za-z0-9]{37}(?![A-Za-z0-9_\-])|rubygems_[0-9a-f]{48}"
    r"|ops_eyJ[A-Za-z0-9+/_\-]{64,}+=*+|A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}"
    r"|AKCp[A-Za-z0-9]{69}|cmVmd[A-Za-z0-9]{59}|LTAI[A-Za-z0-9]{20}(?![A-Za-z0-9_\-])"  # Artifactory, Alibaba
    r"|[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.\-]{31,34}(?![A-Za-z0-9_~])"  # Azure
    r"|v1\.0-[0-9a-f]{24}-[0-9a-f]{146}|CLOJARS_[A-Za-z0-9]{60}|pul-[0-9a-f]{40}|pnu_[A-Za-z0-9]{36}"
    r"|NRII-[A-Za-z0-9\-]{32}|API-[A-Z0-9]{26}(?![A-Za-z0-9_\-])|sha256~[A-Za-z0-9_\-]{43}|rdme_[a-z0-9]{70}"
    r"|access-(?:sandbox|development|production)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # Plaid
    r"|[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk|sq[upa]_[0-9a-f]{40}|tfp_[A-Za-z0-9_\-.]{59}|dckr_oat_[A-Za-z0-9_\-]{20,}+"
    r"|AT(?:CTT3|BB)[A-Za-z0-9_\-=]{28,}+|glsoat-[A-Za-z0-9_\-]{20,}+|CFPAT-[A-Za-z0-9_\-]{43}"
    r"|EZ[AT]K[A-Za-z0-9]{54}|shippo_(?:live|test)_[0-9a-fA-F]{40}|duffel_(?:live|test)_[A-Za-z0-9_\-=]{43}"
    r"|FLWSECK(?:_TEST)?-[A-Za-z0-9]{12,}+|rzp_(?:live|test)_[A-Za-z0-9]{14,}+|lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}"
    r"|pcsk_[A-Za-z0-9]{5,7}_[A-Za-z0-9]{40,}+|tvly-[A-Za-z0-9\-]{28,}+|nfp_[A-Za-z0-9]{36}|CCIPAT_[A-Za-z0-9_]{40,}+"
    r"|phx_[A-Za-z0-9]{40,}+|sb_secret_[A-Za-z0-9_\-]{20,}+|sk-lf-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|sk\.eyJ[A-Za-z0-9_\-]{20,}+\.[A-Za-z0-9_\-]{16,}+|p8e-[A-Za-z0-9]{32}(?![A-Za-z0-9_\-])"  # and more
    r")"
)
# A look behind is read at every character: where there are no escapes, three would cost three times as much.
_KEY: Final = re.compile(_BEGIN + _KEYS)
_ESCAPED_KEY: Final = re.compile(_ANY_BEGIN + _KEYS)
# Whoever knows the address of a web hook can write under it.
_HOOK: Final = re.compile(
    r"(discord(?:app)?\.com/api/(?:v[0-9]{1,2}/)?webhooks/[0-9]{15,20}/"
    r"|hooks\.slack\.com/(?:services|workflows|triggers)/)([A-Za-z0-9_\-/]{20,}+)"
)
# Sessions that web frameworks sign and compress: zlib begins with `eJ` in base64.
_SESSION: Final = re.compile(
    r"(?:(?<![\w.\-])|(?<=%[0-9A-F]{2}))\.?eJ[w-z][A-Za-z0-9_\-]{13,}+[.:][A-Za-z0-9_\-]{5,7}[.:]"
    r"[A-Za-z0-9_\-]{27,43}(?![\w\-])|(?:(?<=session=)|(?<=sessionid=))\.?eJ[w-z][A-Za-z0-9_\-.:]{17,}+"
)
_SESSION_BEGIN: Final = re.compile(r"eJ[w-z]").search


def hide_keys(text: str, hide: Hide) -> str:
    """Return text with the keys of services, the tokens of web hooks and signed sessions hidden."""
    if "hooks" in text:
        text = _HOOK.sub(lambda found: found[1] + hide("key", found[2]), text)
    if "eJ" in text and _SESSION_BEGIN(text) is not None:
        text = _SESSION.sub(lambda found: hide("cookie", found[0]), text)
    pattern = _ESCAPED_KEY if "%" in text or "\\" in text else _KEY
    return pattern.sub(lambda found: hide("key", found[0]), text)
