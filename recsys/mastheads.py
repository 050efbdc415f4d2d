"""Well-known papers, broadcasters and places whose names look like a person's: no general word gives them away."""

_MASTHEADS = """
al ahram, al arabiya, al hayat, al jazeera, al jazeera america, al jazeera english, al quds, all africa, amnesty
international, arizona republic, ars technica, asahi shimbun, atlas obscura, aviation week, better homes and gardens,
bon appetit, bon appétit, cheat sheet, chicago reader, christian century, colorado sun, comic relief, common dreams,
common sense, conde nast, conde nast traveler, condé nast, condé nast traveler, consumer reports, corriere della sera,
dagens nyheter, dainik bhaskar, de standaard, de telegraaf, de volkskrant, denver westword, der freitag, der spiegel,
desert sun, deutsche welle, deutschlandfunk kultur, die welt, die zeit, eat this, elle decor, field and stream, folha
de spaulo, food and wine, foreign affairs, foreign policy, frankfurter allgemeine, frankfurter rundschau, full fact,
getty images, globo esporte, good housekeeping, hankook ilbo, harper's bazaar, harpers bazaar, harvard crimson,
helsingin sanomat, high country, house beautiful, human rights watch, il fatto quotidiano, indianapolis star, inside
higher ed, jeune afrique, junge welt, jyllands posten, kansas city star, labor notes, le monde diplomatique, left
voice, mainichi shimbun, marie claire, men's health, mens health, middle east eye, money saving expert, mother jones,
motor trend, national geographic, neues deutschland, new internationalist, new republic, new scientist, new statesman,
new york, new yorker, next avenue, nieman lab, nikkei asia, noticias telemundo, nrc handelsblad, o estado, o globo,
open democracy, open secrets, oxfam america, people's world, planned parenthood, popular mechanics, pro publica, raw
story, real clear, real simple, red cross, ria novosti, rolling stone, runner's world, save the children, scientific
american, seeking alpha, sky uk, socialist worker, south china, stars and stripes, street roots, svenska dagbladet,
talking points memo, tasting table, teen vogue, texas monthly, think progress, time out, toronto star, total film,
town and country, truth dig, vanity fair, voice of america, vrij nederland, wall street, washington blade, washington
monthly, western mail, women's health, womens health, working mother, yedioth ahronoth, yomiuri shimbun, última hora
"""
_PLACES = """
abu dhabi, addis ababa, baton rouge, bosnia and herzegovina, buenos aires, burkina faso, cape town, cedar rapids,
colorado springs, corpus christi, costa rica, czech republic, des moines, dominican republic, el paso, el salvador,
fort lauderdale, fort worth, grand rapids, great britain, ho chi minh city, hong kong, ivory coast, kuala lumpur, lake
placid, las vegas, little rock, long beach, long island, los angeles, mexico city, milton keynes, myrtle beach, new
delhi, new england, new hampshire, new haven, new jersey, new mexico, new orleans, new south wales, new york, new york
city, new zealand, north america, north carolina, north dakota, north korea, northern ireland, nova scotia, palm
beach, palm springs, papua new guinea, phnom penh, port au prince, puerto rico, rhode island, rio de janeiro, salt
lake city, san antonio, san diego, san francisco, san jose, san juan, san salvador, santa barbara, santa cruz, santa
fe, santa monica, sao paulo, saudi arabia, sierra leone, silicon valley, south africa, south america, south carolina,
south dakota, south korea, south sudan, south wales, sri lanka, st louis, st paul, st petersburg, stoke on trent,
sub-saharan africa, são paulo, tel aviv, united kingdom, united states, vatican city, virginia beach, west bank, west
virginia, white house
"""


def _set(names: str) -> frozenset[str]:
    return frozenset(" ".join(name.split()) for name in names.split(","))


_KNOWN_MASTHEADS, _KNOWN_PLACES = _set(_MASTHEADS), _set(_PLACES)


def looks_like_a_person(text: str) -> bool:
    """Whether this is, as a whole, the name of a paper or broadcaster that could be read as a person's."""
    return text.casefold().replace("’", "'").replace(".", "").strip() in _KNOWN_MASTHEADS


def is_place(text: str) -> bool:
    """Whether this is, as a whole, a town or country of several words."""
    return text.casefold().replace(".", "").strip() in _KNOWN_PLACES
