"""The words of bylines that name no person: who employs, what the job is, what it is about. General words only."""

import re

_PARTICLES = "van der den de la le von da das do dos del della di du bin ibn al el ter ten zu y e af"
_NO_NAMES = """
staff newsroom newspapers? editorial editors? editor-in-chief desk team board agency agencies bureau press news
correspondents? reporters? writers? columnists? critics? producers? photographers? presenters? contributors?
contributing columnist blogger bloggers? analysts? anchors? hosts? interns? fellow leader letters? readers agence
presse agentur redaktion associated reuters afp upi dpa efe ansa xinhua tass bloomberg cnn nbc abc cbs msnbc npr pbs
bbc itv espn service wires? media times post daily weekly journal magazine tribune courier herald chronicle gazette
observer guardian telegraph dispatch bulletin inquirer examiner review digest report globe mirror today online
digital radio tv television broadcasting network weather video podcast blog live association institute university
college school office department administration ministry group foundation committee council society project centers?
centres? union federation academy museum library inc ltd llc plc corp company partners? sponsored special assignment
exclusive science entertainment lifestyle sports? shopping politics business technology finance fashion opinion
guest admin administrator unknown anonymous various our northline huffpost buzzfeed yahoo variety
"""
_ROLES = """
correspondent correspondents editor editors reporter columnist writer critic producer photographer presenter
contributor analyst anchor host commentator sketchwriter cartoonist reviewer
"""
_BEATS = """
political politics consumer education science health environment economics economy business financial finance chief
senior deputy assistant associate executive special staff foreign diplomatic world home crime legal media technology
tech social defence defense security energy transport culture arts art music film tv theatre books food travel
fashion sport sports football rugby cricket tennis golf racing royal religion religious industrial community
communities housing property employment work investigations national international regional local council city north
south east west northern southern european europe africa african asia asian pacific american america americas latin
middle global us uk eu un china india japan russia france germany italy spain ireland irish scotland scottish wales
welsh england australia canada brazil mexico israel turkey ukraine poland pakistan indonesia washington westminster
brussels london berlin paris rome madrid moscow beijing jerusalem data digital news features literary literature
gardening motoring pensions money markets investment personal freelance guest congressional parliamentary white
house supreme court climate medical athletics cycling boxing bbc cnn ap reuters afp npr
"""
PARTICLES = frozenset(_PARTICLES.split())
ROLES = frozenset(_ROLES.split())
BEATS = frozenset(_BEATS.split())
_ORGANISATION = re.compile(rf"\b(?:{'|'.join(_NO_NAMES.split())})\b", re.IGNORECASE)
_ACRONYM = re.compile(r"\b(?:AP|PA|AAP|US|UK|EU|UN|PR)\b")  # as a name, Pa and Un are written otherwise
_ARTICLE = re.compile(r"^(?:the|our|an?)\s", re.IGNORECASE)
_SURNAMES = re.compile(
    r"(?:post|press|guest|day|fellow|leader|college|school|wire|live|times|bond|union|library|office)", re.IGNORECASE
)


def names_organisation(text: str, surname_may_fit: bool = False) -> bool:
    """Whether these words name an organisation, a section or a job rather than a person.

    Args:
        text: one piece of a byline.
        surname_may_fit: what follows is plainly an employer, so that "Bill Press" is a person.
    """
    words = text.split()
    if surname_may_fit and 2 <= len(words) <= 3 and _SURNAMES.fullmatch(words[-1]):
        text = " ".join(words[:-1])
    return bool(_ORGANISATION.search(text) or _ACRONYM.search(text) or _ARTICLE.match(text))


def job_starts(words: list[str]) -> int:
    """Where in "Rory Carroll Ireland correspondent" the job begins: len(words) where the last word is no job.

    A beat that is not known leaves a name of two words, with initials and particles: a name of three is the rarer case.
    "Morning Star reporter" has no beat at all, and says no name: it stays whole.
    """
    if len(words) < 4 or words[-1].casefold().strip(".,") not in ROLES:
        return len(words)
    least = 2
    while least < len(words) - 1 and (_initial(words[least - 1]) or words[least - 1].casefold() in PARTICLES):
        least += 1
    for place in range(least, len(words) - 1):
        word = words[place].casefold()
        if word in BEATS or (words[place].islower() and word not in PARTICLES):
            return place
    return least if least < len(words) - 1 else len(words)


def _initial(word: str) -> bool:
    return len(word.strip(".")) == 1
