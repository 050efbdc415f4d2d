"""The words of bylines that name no person: who employs, what the job is, what it is about. General words only."""

import re

from recsys.mastheads import is_place, looks_like_a_person

_PARTICLES = """
van der den de la le von da das do dos del della di du bin ibn al el ter ten zu y e af ben bint binti binte abu ould ole
op
"""
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
newswires? spectator standard insider monitor sentinel advertiser argus gazeta zeitung morning evening saturday nightly
headlines editions? newsletter webdesk infodesk communications corporation institution coalition alliance campaign
congress parliament senate government embassy assembly authority commission party unions syndicate publishers?
publishing productions? studios? watchblog announcement advertorial advertisement redaktionen redaccion redacción
rédaction redazione agencia agenzia dapd aap pti ians tnn kyodo jiji tanjug belga ntb zdf mdr ndr wdr swr rbb orf srf
rtl rte rté cbc cnbc mtv usa nyt wsj newsmax leagues? clubs? communist socialists? solidarity columns? diary politico
propublica techcrunch mailonline register enquirer picayune
"""
_JOBS = """
activist activists advocate adviser advisor ambassador artist artists attorney author authors barrister biographer
campaigner candidate ceo cfo chairman chairwoman chairperson clinician coach cofounder co-founder composer congressman
congresswoman consultant coordinator councillor counsel curator dentist dermatologist designer developer dietitian
director directors economist educator engineer entrepreneur executive expert experts filmmaker founder governor
historian instructor journalist journalists lawyer lawyers lecturer manager minister novelist nutritionist
officer official organiser organizer owner pediatrician physician playwright poet president principal professor
psychiatrist psychologist psychotherapist researcher researchers scholar scientist secretary senator solicitor
specialist speaker sociologist strategist student students superintendent teacher therapist trainer translator
treasurer veteran volunteer
"""
_SUBJECTS = """
borders without about commercial corporate operative recently resident view
affairs agriculture american arts atlantic australian britain british canadian capital care changes chinese cities
citizens city civil claims climate community companies conservative consumer countries county crime crimes crisis
cultural culture defence defense democracy democratic development diplomacy disability division economic economics
economy education election elections employment energy enforcement enterprise enterprises environment environmental
equality european factory families family farmers federal fiction files films food forces foreign freedom future games
gaming gardening geographic global groups health heritage history holdings hospital housekeeping human humanitarian
independent indian industries industry inside insight intelligence international investigations investigative
investments ireland issues japanese jewish justice kids lab labor labour labs league legal liberal liberties life
lifestyle living local logistics management market markets medical medicine memorial mercury messenger metro migration
military mission modern monthly motor motors movement museums music muslim nation national nations nature network
networks opera outlook parenting parents people planet police policy political popular progress project projects
prospect psychology public quarterly racing railway records refugees region regional registry relations relief
religion republic research resources rights running russian safety salon scientific scottish secrets security services
shelter slate social socialist software solutions standards state states statistics stories strategic strategies
strategy studies style suburban supreme surveillance systems talk tax tech technica technical technologies theater
theatre threats travel treasury trends tribunal ukraine unit united universal updates urban ventures voice voices war
watch weapons welfare western wildlife wired women workers works world worldwide youth
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
NEVER_LAST = PARTICLES - frozenset(["le", "do", "van", "du", "ten", "ben", "la", "da", "al", "ter", "abu"])  # "Anh Do"
ROLES = frozenset(_ROLES.split())
_DETERMINERS = frozenset(["our", "the", "by", "a", "an", "former", "from"])
_PLURAL_ROLES = frozenset(f"{role}s" for role in ROLES)
BEATS = frozenset(_BEATS.split())
_ORGANISATION = re.compile(rf"\b(?:{'|'.join(_NO_NAMES.split())})\b|[新聞报報刊网網台社]", re.IGNORECASE)
_EMPLOYER = re.compile(rf"\b(?:{'|'.join((_JOBS + _SUBJECTS).split())})\b", re.IGNORECASE)
_ACRONYM = re.compile(
    r"\b(?:AP|PA|AAP|US|UK|EU|UN|PR|[B-DF-HJ-NP-TV-XZ]{4,})\b"
)  # as a name, Pa and Un are written otherwise
_ARTICLE = re.compile(
    r"^(?:the|our)\s|^an?\s(?=\S+\s\S)|(?:^|\s)\w{2,}['’]s\s", re.IGNORECASE
)  # also "Fisher's Corner"
_BETWEEN = re.compile(r"^(?:for|on|of|at|in|special)\s|\s(?:of|for|the|at|on|in|from|with|to|and|&)\s", re.IGNORECASE)
_SURNAMES = re.compile(
    r"(?:post|press|guest|day|fellow|leader|college|school|wire|live|times|bond|union|library|office|service)",
    re.IGNORECASE,
)
# They rescue "Emily Post"; not one of them is a town or a faith, as in "Charlotte Post".
_GIVEN_NAMES = """
adam alan alice amy andrew angela ann anna anne barbara bill bob brian carol caroline catherine charles chris daniel
dave david deborah donna ed edward elizabeth emily emma eric frank gabrielle gary george helen jack jake james jane
janet jason jennifer jessica jim joan joe john jonathan joseph judith judy julia julie karen kate kevin laura linda
lisa lucy margaret maria mark mary matt matthew michael michelle mike nancy nick oliver patricia paul peter rachel
rebecca richard rob robert ruth sam sandra sara sarah sean simon stephen steve steven sue susan thomas tim tom tony
william wiley
"""
_GIVEN = frozenset(_GIVEN_NAMES.split())


def names_organisation(text: str, surname_may_fit: bool = False) -> bool:
    """Whether these words name an organisation, a section or a job rather than a person.

    Args:
        text: one piece of a byline.
        surname_may_fit: what follows is plainly an employer, so that "Bill Press" is a person.
    """
    words = text.split()
    known = bool(words) and words[0].casefold() in _GIVEN
    if (surname_may_fit or known) and 2 <= len(words) <= 3 and _SURNAMES.fullmatch(words[-1]):
        text = " ".join(words[:-1])
    return bool(
        _ORGANISATION.search(text) or _ACRONYM.search(text) or _ARTICLE.search(text) or looks_like_a_person(text)
    )


def names_employer(text: str) -> bool:
    """Whether these words, which follow a name and a comma, say where or as what that person works: "War Crimes".

    More words count here than for `names_organisation`, as many of them are also surnames or given names.
    """
    words = text.split()
    given = bool(words) and words[0].casefold() in _GIVEN
    return bool(_BETWEEN.search(text) or is_place(text) or (_EMPLOYER.search(text) and not given))


def job_ends(words: list[str]) -> int:
    """Where in "Our political editor Ann Lee" the name begins; 0 where no job comes first."""
    for place, word in enumerate(words[:-2]):
        plain = word.casefold().strip(".,:")
        if plain in ROLES or plain in _PLURAL_ROLES or plain == "author":
            return place + 1 if all(_before_job(word) for word in words[:place]) else 0
    return 0


def _before_job(word: str) -> bool:
    return word.casefold() in BEATS or word.casefold() in _DETERMINERS or bool(_ORGANISATION.fullmatch(word))


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
