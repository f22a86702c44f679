"""Small word lists → what the English sites of the demo web talk about: one `Topic` each.

Promises that two topics share no thing and no act, so that pages of different topics differ in their words.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """The vocabulary of one subject."""

    word: str
    things: tuple[str, ...]
    """Nouns whose plural ends in s."""
    qualities: tuple[str, ...]
    acts: tuple[str, ...]
    """Infinitives with their object: what people of this subject do."""
    sections: tuple[str, ...]
    """What a magazine of this subject is divided into."""


def listed(words: str) -> tuple[str, ...]:
    """Return the words of a text, for lists too long to quote one by one."""
    return tuple(words.split())


def _topic(word: str, things: str, qualities: str, acts: str, sections: str) -> Topic:
    return Topic(
        word,
        listed(things),
        listed(qualities),
        tuple(act.strip() for act in acts.split(",")),
        listed(sections),
    )


_ALL = (
    _topic(
        "bicycles",
        "frame wheel saddle spoke pedal derailleur pannier sprocket mudguard handlebar bottle-cage lamp tyre hub",
        "lugged true greasy light touring loaded steel wet-weather folding secondhand",
        "true a wheel, patch a tube, adjust the brakes, ride before breakfast, carry a spare chain, climb in low gear",
        "repairs touring commuting builders",
    ),
    _topic(
        "bread",
        "baguette crust oven starter dough sieve mill banneton scraper bun crumpet roll peel baker",
        "sour crusty wholemeal slow airy blistered warm seeded dense overnight",
        "feed the starter, fold the dough, score the top, wait for the second rise, grind rye, bake on stone",
        "sourdough flours ovens bakeries",
    ),
    _topic(
        "astronomy",
        "telescope refractor comet nebula star eyepiece moon planet meteor mirror dome chart eclipse observer",
        "faint distant double red bright variable dark-sky northern periodic ringed",
        "align the mount, count meteors, sketch the moon, wait for a clear night, time an eclipse, map a cluster",
        "planets deep-sky equipment history",
    ),
    _topic(
        "gardening",
        "seedling hedge pergola spade bulb compost-heap bean cloche fern rake greenhouse weed root wheelbarrow",
        "hardy shady evergreen blooming thorny well-drained perennial tender walled raised",
        "prune the roses, mulch the beds, save seed, water at dusk, divide the irises, dig over the clay",
        "vegetables borders soil seasons",
    ),
    _topic(
        "railways",
        "locomotive carriage signal station tunnel viaduct timetable platform sleeper buffer siding boiler "
        "guard ticket",
        "narrow-gauge preserved disused branch express rural iron steam late-running single-track",
        "restore a carriage, walk a disused line, fire the boiler, collect old tickets, repaint a signal, "
        "change at dawn",
        "lines engines stations modelling",
    ),
    _topic(
        "chess",
        "pawn rook knight bishop endgame opening gambit clock tournament rating fork pin tactic blunder",
        "isolated passed positional sharp quiet drawn symmetrical doubled forced sound",
        "castle early, trade the queens, study one endgame, sacrifice the exchange, write down the moves, offer a draw",
        "openings endgames clubs studies",
    ),
    _topic(
        "tea",
        "teapot strainer kettle cup tea-tin infuser terrace harvest tasting grower cultivar brew blend saucer",
        "smoky floral malty grassy oxidised first-flush loose bitter-sweet shaded hand-rolled",
        "warm the pot, weigh the leaves, pour at eighty degrees, taste five cups, store it dark, steep it twice",
        "green black growers teaware",
    ),
    _topic(
        "birds",
        "warbler nest feather plover hide owl lapwing migrant wader song fledgling wren kestrel flock",
        "migratory shy ground-nesting coastal crested juvenile rare woodland dawn moulting",
        "ring a fledgling, log every sighting, sit in the hide, learn one song a week, clean the nest box, "
        "watch the tide",
        "sightings songs migration reserves",
    ),
    _topic(
        "woodwork",
        "chisel plane dovetail vice mortise saw clamp joint board drawer stool veneer mallet plank",
        "quarter-sawn seasoned straight-grained oiled sharp hand-cut rough dry figured green",
        "sharpen the plane, cut a dovetail, flatten a board, leave a plank to season, turn a bowl, fit a drawer",
        "joinery tools timber finishing",
    ),
    _topic(
        "sailing",
        "hull mast jib anchor tiller harbour cleat keel buoy halyard mooring tender log crew",
        "gaff-rigged leeward offshore tidal clinker-built salty shallow reefed wooden fast",
        "reef the mainsail, splice a rope, row ashore, read the tide tables, scrape the hull, heave to",
        "passages boats harbours seamanship",
    ),
    _topic(
        "photography",
        "camera shutter print negative tripod portrait filter darkroom contact-sheet exposure viewfinder "
        "light-meter roll-film album",
        "grainy monochrome long-exposure backlit silver large-format soft underexposed square expired",
        "load a film, meter the shadows, dry the prints, walk with one lens, wait for the light, tone a print",
        "darkroom cameras portraits essays",
    ),
    _topic(
        "cheese",
        "rind curd churn cheddar cellar ladle goat cow shepherd cloth brine-bath affineur truckle whey-tub",
        "washed-rind blue raw-milk nutty crumbly alpine cave-aged mild farmhouse ripe",
        "turn the wheels, cut the curd, salt by hand, wash the rind, age it in straw, milk at five",
        "dairies makers ripening pairings",
    ),
    _topic(
        "maps",
        "almanac contour projection coastline legend surveyor globe meridian gazetteer place-name border grid "
        "sheet engraver",
        "hand-coloured folded topographic blank nautical large-scale forgotten annotated equal-area inaccurate",
        "survey a coastline, redraw a border, fold it properly, name a hill, compare two editions, follow a contour",
        "collecting surveying projections walks",
    ),
    _topic(
        "radio",
        "antenna receiver valve transmitter dial aerial crystal-set call-sign broadcast speaker relay band "
        "operator coil",
        "short-wave crackling homemade medium-wave portable valve-driven late-night distant-station coded quiet-band",
        "tune the dial, string an aerial, log a call-sign, solder a coil, send in code, listen after midnight",
        "receivers aerials stations kits",
    ),
    _topic(
        "pottery",
        "kiln glaze bowl clay-pit jug wheel-head potter shard slip-trailer vase studio tile bisque-pot handle",
        "salt-glazed thrown ash-glazed unglazed cracked stoneware wood-fired burnished heavy slip-cast",
        "wedge the clay, throw a bowl, trim the foot, fire the kiln, mix an ash glaze, pull a handle",
        "throwing glazing kilns potters",
    ),
    _topic(
        "bees",
        "hive queen swarm smoker frame-feeder drone forager honeycomb landing-board veil beekeeper skep hive-tool",
        "calm wild-flower overwintered capped heather-fed strong queenless foraging drowsy well-stocked",
        "smoke the hive, find the queen, catch a swarm, spin the honey, feed them in March, plant for the drones",
        "hives honey forage beekeepers",
    ),
)

TOPICS: dict[str, Topic] = {topic.word: topic for topic in _ALL}
"""Every topic by its word."""

FIRST_NAMES = listed(
    "Ada Bram Celia Dov Edda Femi Greta Hugo Ines Jonas Kirsi Lorcan Mina Noor Otto Petra Quentin Rosa "
    "Stellan Tove Ursula Viggo Wanda Xavi Yara Zeno"
)
LAST_NAMES = listed(
    "Ashdown Birkby Calloway Drummer Eastlake Fennimore Garrow Hollis Inskip Jarrold Kettering Lindqvist "
    "Marlowe Northcote Okafor Penhale Quill Rowntree Saltmarsh Thistle Underhill Varga Whitlock Yardley"
)
TOWNS = listed(
    "Ambleford Brackwater Coldharbour Dunmarsh Eskerby Fallowmere Gorsefield Hartwick Inverlee Kelderby "
    "Lambsound Millbeck Netherby Orchard-Mills Pennywell Quarrendon Ravensea Stonebridge"
)
MONTHS = listed("January February March April May June July August September October November December")
