"""Runs in a notebook that Chalkgrad has written: says whether an answer is right, without the answer standing there.

A number is rounded and put through a slow hash; under what comes out lies, or does not lie, a note. So a note can be
read by one who has the number, and a person who looks at the table sees none.
"""

import hashlib
import json
import pathlib
import re
from decimal import Decimal, InvalidOperation
from fractions import Fraction

ROUNDS = 1_000
LONGEST = 200


def locked(salt: str, answer: str) -> tuple[str, bytes]:
    """The place of an answer's note in the table, and the key that opens it."""
    digest = hashlib.pbkdf2_hmac("sha256", answer.encode(), salt.encode(), ROUNDS, 64)
    return digest[:8].hex(), digest[8:]


def mixed(key: bytes, note: bytes) -> bytes:
    """A note closed with a key, or opened with it."""
    stream = b"".join(hashlib.sha256(key + bytes([n])).digest() for n in range(len(note) // 32 + 1))
    return bytes(a ^ b for a, b in zip(note, stream, strict=False))


def read_number(text: str, places: int) -> str | None:
    """A typed number rounded to so many decimals; None where it is none."""
    plain = text.replace("\u2212", "-").replace(" ", "").rpartition("=")[2]
    if (
        not plain
        or len(plain) > LONGEST
        or not re.fullmatch(r"[-+]?[0-9.]+(?:e[-+]?[0-9]{1,2})?(?:/[0-9]{1,9})?", plain, re.I)
    ):
        return None
    try:
        above, _, below = plain.partition("/")
        exact = Fraction(Decimal(above)) / (Fraction(below) if below else 1)
    except (InvalidOperation, ValueError, ZeroDivisionError):
        return None
    scaled = abs(exact) * 10**places
    whole = (scaled + Fraction(1, 2)).__floor__()
    return str(whole if exact >= 0 else -whole)


def read_numbers(text: str) -> list[str]:
    """The entries of `[7, -6, 3]`."""
    return [part.strip() for part in re.sub(r"[\[\]()]", " ", text).split(",")]


def note_of(entry: dict, text: str) -> str:
    """What there is to say to one answer."""
    answer = "".join(text.split()) if entry["kind"] == "shape" else read_number(text, entry["places"])
    if answer is None:
        return "this is not a number"
    place, key = locked(entry["salt"], answer)
    note = entry["notes"].get(place)
    return "not right" if note is None else mixed(key, bytes.fromhex(note)).decode().rstrip()


def check(table: dict, answers: dict) -> None:
    """Print a line for every answer that was given."""
    for blank in table["blanks"]:
        text = str(answers.get(blank["id"], "")).strip()
        if not text:
            print(f"{blank['id']}: no answer yet")
        elif not blank["entries"]:
            print(f"{blank['id']}: kept; it is marked later")
        else:
            given = read_numbers(text) if len(blank["entries"]) > 1 else [text]
            if len(given) != len(blank["entries"]):
                print(f"{blank['id']}: {len(blank['entries'])} numbers are asked for, as in [1, 2, 3]")
                continue
            said = [note_of(e, t) for e, t in zip(blank["entries"], given, strict=True)]
            print(f"{blank['id']}: {'; '.join(dict.fromkeys(said))}")


def save(code: str, name: str, answers: dict) -> None:
    """Write the file that `chalkgrad check` reads."""
    given = {id: str(text) for id, text in answers.items() if str(text).strip()}
    whole = {"student": name, "variant": code, "answers": given}
    path = pathlib.Path(f"answers-{code}.json")
    path.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"wrote {path}")
