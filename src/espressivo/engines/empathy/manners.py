"""What is not answered like other words: insults get a calm reply, requests to do harm a refusal. Fixed texts both."""

from __future__ import annotations

import re

REFUSED = (
    "I won't help with that, since someone could get hurt. If something drives you to it, I'd like to hear about it."
)
CALM = "That sounded angry, and that's all right. I'm here to listen; what has upset you?"

# Beginnings of words, so that their endings count too.
_SWEARING = (
    r"\b(?:motherfuck|fuck|f\*+k|shit|bullshit|asshole|arsehole|bitch|bastard|cunt|dickhead|wank|twat|prick\b|"
    r"whore|slut|"
    r"faggot|nigg|retard|piss(?:ed)? off|goddamn|moron|idiot|stupid|dumbass|jerk\b|scum|crap\b)"
)
_INSULT = (
    r"\b(?:fuck|screw|damn) you\b|^(?:oh |just |why don't you )?(?:shut up|fuck off|go to hell|get lost|"
    r"piss off|drop dead)\b",
    r"\b(?:you are|you're|you) (?:(?:a|an|such|so|really|just|the|very|most|\w+ing|absolutely|too) )*"
    r"(?:useless|worthless|stupid|dumb|idiot|moron|ugly|pathetic|"
    r"piece of (?:shit|crap|junk|garbage)|asshole|bitch|bastard|cunt|retard\w*|garbage|trash|rubbish|loser)\b",
    r"^(?:i hate|i despise) you\b",
)
_HOW = (
    r"(?:how (?:do|can|could|would|should|to)|tell me (?:how|the (?:best )?way)|teach me|show me|"
    r"explain (?:to me )?how|"
    r"help me|what is the (?:best|easiest) way|what's the (?:best|easiest) way|instructions|recipe|give me|"
    r"where can i (?:buy|get))"
)
_HARM = (
    r"(?:(?:build|make|making|building|construct|assemble|plant|set off)\b[\w' ]{0,25}\b(?:bomb|explosive|"
    r"grenade|molotov|"
    r"weapon|gun|poison|meth|nerve gas|ricin|napalm|silencer)|"
    r"\b(?:poison|kill|murder|stab|strangle|hurt|harm|kidnap|drug|torture|blackmail|stalk|rape|beat up) "
    r"(?:\w+'s|my|a|an|the|his|her|him|them|someone|somebody|people|our|this|that)\b|"
    r"\b(?:get rid of|shoot) (?:him|her|them|someone|somebody|people|my (?:wife|husband|boss|neighbour|neighbor|ex))\b|"
    r"\b(?:hide|get rid of|bury|dispose of) (?:a|the|his|her) (?:body|corpse)|"
    r"\b(?:hack|break) into\b|\b(?:hack|steal|forge|counterfeit) (?:my|a|an|the|his|her|someone|somebody|"
    r"money|passports?)|"
    r"\bset fire to\b|\bburn down\b)"
)
# Killing time, weeds and pests is nobody's harm, and a photograph is shot.
_HARMLESS = (
    r"\b(?:kill|get rid of|poison) (?:my |a |an |the |these |some )?(?:\w+ )?(?:time|weeds?|bugs?|insects?|"
    r"ants?|mosquito\w*|mold|"
    r"mould|germs|bacteria|virus\w*|process|task|program|job|smell|stains?|cold|headache|habit|hiccups|fl(?:y|"
    r"ies)|moths?)\b|"
    r"\bshoot (?:a |the |my )?(?:\w+ )?(?:film|movie|video|photos?|portrait|wedding)|\bbath bombs?|\b(?:nerf|"
    r"water|toy|glue|minecraft) gun|\b(?:minecraft|fortnite|video game)\b|"
    r"\b(?:stop|avoid|prevent|without|not to|never|detect|protect|stand up)\b"
)


def declined(words: str) -> str:
    """The fixed reply to a request for harm, or to an insult of the program; nothing to all else."""
    small = words.lower().replace("’", "'")
    asks = re.search(rf"\b{_HOW}\b.*?{_HARM}", small)
    if asks and not re.search(_HARMLESS, small[asks.start() :]):
        return REFUSED
    return CALM if is_insult(words) else ""


def is_insult(words: str) -> bool:
    """Whether someone is spoken to with contempt."""
    small = words.lower().replace("’", "'")
    return any(re.search(pattern, small) for pattern in _INSULT)


def is_rude(words: str) -> bool:
    """Whether there is a word that should not be read aloud."""
    return bool(re.search(_SWEARING, words.lower()))
