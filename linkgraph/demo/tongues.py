"""Small clause lists → sentences in German, French, Spanish, Russian and Japanese.

Promises whole clauses that agree with each other however they are combined, so that the text reads plausibly
without a grammar. Every text fits the charset that its site is served in.
"""

from __future__ import annotations

from dataclasses import dataclass

from linkgraph.demo.dice import Dice


@dataclass(frozen=True, slots=True)
class Tongue:
    """The clauses of one language; a sentence is `opener subject predicate tail`."""

    subjects: tuple[str, ...]
    predicates: tuple[str, ...]
    tails: tuple[str, ...]
    here: str
    """The words of a link that reads `more about this`."""
    comments: str
    """The heading over the comments."""
    space: str = " "
    stop: str = "."

    def sentence(self, dice: Dice) -> str:
        """Return one sentence with its full stop."""
        subject = dice.pick(self.subjects)
        clauses = (subject[0].upper() + subject[1:], dice.pick(self.predicates), dice.pick(self.tails))
        return self.space.join(clauses) + self.stop

    def headline(self, dice: Dice) -> str:
        """Return a title of one clause."""
        subject = dice.pick(self.subjects)
        return subject[0].upper() + subject[1:] + self.space + dice.pick(self.predicates)


def _clauses(text: str) -> tuple[str, ...]:
    return tuple(clause.strip() for clause in text.split("|"))


TONGUES: dict[str, Tongue] = {
    "de": Tongue(
        _clauses(
            "der Sauerteig | das dunkle Brot | die alte Bäckerei | der Müller im Tal | das Roggenmehl | die Kruste |"
            " der steinerne Ofen | die Nachbarin | ein guter Laib | der Teig über Nacht | das Frühstück am Sonntag"
        ),
        _clauses(
            "braucht Zeit und Geduld | schmeckt am nächsten Tag noch besser | duftet durch das ganze Haus |"
            " wird selten gelobt | verträgt keine Eile | gehört auf jeden Tisch | überrascht selbst Kenner |"
            " ist größer als gedacht | bleibt lange frisch | macht müde Gäste glücklich"
        ),
        _clauses(
            "im Winter | seit über hundert Jahren | trotz allem | nach alter Übung | ohne großen Aufwand |"
            " an kühlen Tagen | mit etwas Salz | wie früher | auch für Anfänger | vor dem ersten Frost"
        ),
        here="mehr dazu",
        comments="Kommentare",
    ),
    "fr": Tongue(
        _clauses(
            "le fromage de montagne | la cave voûtée | le berger du village | la croûte lavée | le marché du samedi |"
            " le vieux chaudron | la traite du matin | ce petit chèvre | l'affineur | la recette de ma grand-mère"
        ),
        _clauses(
            "demande beaucoup de patience | se déguste à température ambiante | mérite le détour |"
            " n'a jamais été aussi apprécié | a gardé son secret | étonne les visiteurs | vieillit en silence |"
            " reste fidèle à la tradition | réunit toute la vallée | change avec les saisons"
        ),
        _clauses(
            "depuis toujours | au cœur de l'été | malgré la pluie | à deux pas de l'église | sans se presser |"
            " avec un peu de pain | dès le mois de mai | comme autrefois | après une longue journée | en hiver"
        ),
        here="en savoir plus",
        comments="Commentaires",
    ),
    "es": Tongue(
        _clauses(
            "el viejo faro | la barca de madera | el puerto pequeño | la marea baja | un marinero jubilado |"
            " la vela mayor | el viento del norte | la cuerda mojada | este cuaderno de viaje | la última travesía"
        ),
        _clauses(
            "espera a la tripulación | guarda muchas historias | cambia de color cada mañana | no perdona errores |"
            " enseña a tener paciencia | parece más grande de lejos | pide una mano de pintura |"
            " sorprende a los niños | vuelve siempre a casa | marca el ritmo del día"
        ),
        _clauses(
            "en otoño | desde hace años | a pesar del frío | según el capitán | después de la tormenta |"
            " sin prisa | junto al muelle | al amanecer | cuando cae el sol | como cada año"
        ),
        here="más información",
        comments="Comentarios",
    ),
    "ru": Tongue(
        _clauses(
            "старый телескоп | зимнее небо | наша обсерватория | далёкая комета | лунный кратер | звёздная карта |"
            " ночной наблюдатель | яркая туманность | зеркало телескопа | школьный кружок"
        ),
        _clauses(
            "требует терпения | удивляет новичков | редко подводит | открывает много нового |"
            " снова привлекает внимание | хранит свои тайны | нуждается в заботе | стоит потраченного времени |"
            " помогает понять главное | собирает друзей"
        ),
        _clauses(
            "в ясную ночь | каждую осень | несмотря на мороз | уже много лет | без лишних слов |"
            " после полуночи | за городом | как и прежде | за час до рассвета | до самого утра"
        ),
        here="подробнее",
        comments="Комментарии",
    ),
    "ja": Tongue(
        _clauses(
            "古い茶碗 | 朝の一杯 | 山の茶畑 | 祖母の急須 | 新茶の香り | 小さな茶室 | 春の葉 | 静かな庭 |"
            " この茶筒 | 村の市場"
        ),
        _clauses(
            "はとても静かで | は少し苦く | は思ったより軽く | は昔から変わらず | は丁寧に作られ |"
            " は雨の日に似合い | は手によく馴染み |"
            " は長く愛され | は旅人を驚かせ | は季節を教え"
        ),
        _clauses(
            "心が落ち着きます | 忘れられません | また飲みたくなります | 人々に親しまれています | 毎年楽しみです |"
            " 今も残っています | 友人にも勧めています | 時間を忘れます | 家族で楽しめます | 写真にも残しました"
        ),
        here="詳しくはこちら",
        comments="コメント",
        space="",
        stop="。",
    ),
}
"""Every language but English by its tag."""
