"""Writes signature.json: signature files, good ones and one for each fault.

Signed with the package `cryptography`, another implementation of Ed25519 than driftline's, from
docs/identity.md alone. Run: python make_signature.py
"""

import hashlib
import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def sha(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Key:
    def __init__(self, byte):
        self.seed = bytes([byte]) * 32
        self.private = Ed25519PrivateKey.from_private_bytes(self.seed)
        public = self.private.public_key()
        self.raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        self.id = sha(self.raw)


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def signed(statement, key, domain=None, text=None):
    text = canonical(statement) if text is None else text
    domain = statement["format"] if domain is None else domain
    return {
        "statement": text,
        "signature": key.private.sign(f"{domain}\n{text}".encode()).hex(),
    }


KEYS = {name: Key(byte) for name, byte in [("old", 1), ("new", 2), ("newest", 3), ("other", 4)]}
IDENTITY = sha(b"the manifest")
WASM = sha(b"the module")
NOW = "2013-06-03T00:00:00Z"


def statement(key="old", **more):
    made = {
        "format": "driftline.signature/1",
        "identity": IDENTITY,
        "name": "flights-délai",
        "key": KEYS[key].id,
        "sequence": 7,
    }
    made.update(more)
    return {name: value for name, value in made.items() if value is not None}


def rotation(old, new, **more):
    return {
        "format": "driftline.rotation/1",
        "key": KEYS[old].id,
        "successor": KEYS[new].raw.hex(),
        **more,
    }


def good(key="old", **more):
    return signed(statement(key, **more), KEYS[key])


def rotated(old, new):
    return signed(rotation(old, new), KEYS[old])


def file(*signatures, rotations=(), **more):
    made = {"format": "driftline.signatures/1", "signatures": list(signatures)}
    if rotations:
        made["rotations"] = list(rotations)
    made.update(more)
    return json.dumps(made, indent=2, ensure_ascii=False)


CASES = []


def case(name, text, expected, pinned=("old",), sequence=7, **more):
    made = {"name": name, "file": text, "pinned": list(pinned), "now": NOW, **more}
    made["expected"] = expected
    if expected == "good":
        made["sequence"] = sequence
    CASES.append(made)


def flipped(made):
    digits = made["signature"]
    last = "0" if digits[-1] != "0" else "1"
    # the last byte holds the top bits of S: any change of it breaks the signature
    return {**made, "signature": digits[:-1] + last}


def altered(made, old, new):
    assert old in made["statement"]
    return {**made, "statement": made["statement"].replace(old, new)}


case("a pinned key signed", file(good()), "good")
case("one of several pinned keys signed", file(good("new")), "good", ("old", "new"))
case("the second signature is a pinned key's", file(good("other"), good()), "good")
case("created and expires are given", file(good(created=NOW, expires="2013-06-03T00:00:01Z")), "good")
case("the least sequence is allowed", file(good()), "good", minimum=7)
case("the largest sequence", file(good(sequence=2**53 - 1)), "good", sequence=2**53 - 1)
case("sequence zero", file(good(sequence=0)), "good", sequence=0)
case("a bundle's signature may be that of its wasm", file(good(wasm=WASM)), "good")
case("the wasm is signed", file(good(wasm=WASM)), "good", wasm=True)
case("a rotation leads to the signer", file(good("new"), rotations=[rotated("old", "new")]), "good")
case(
    "two rotations in the other order lead to the signer",
    file(good("newest"), rotations=[rotated("new", "newest"), rotated("old", "new")]),
    "good",
)
case(
    "a rotation of a stranger changes nothing",
    file(good(), rotations=[rotated("other", "new")]),
    "good",
)
case(
    "an expired statement stands before a good one",
    file(good(expires=NOW), good("new")),
    "good",
    ("old", "new"),
)

case("no signatures", file(), "signature_missing")
case("a stranger signed", file(good("other")), "key_unknown")
case("a rotation by a stranger", file(good("new"), rotations=[rotated("other", "new")]), "key_unknown")
case(
    "the rotation leads elsewhere",
    file(good("other"), rotations=[rotated("old", "new")]),
    "key_unknown",
)
case("a flipped digit of the signature", file(flipped(good())), "signature_invalid")
case("the statement was altered", file(altered(good(), '"sequence":7', '"sequence":8')), "signature_invalid")
case(
    "the signer claims to be the pinned key",
    file(signed(statement("old"), KEYS["other"])),
    "signature_invalid",
)
case("another bundle", file(good(identity=sha(b"another"))), "signature_invalid")
case("another name", file(good(name="other")), "signature_invalid")
case("the wasm is not signed", file(good()), "signature_invalid", wasm=True)
case("another wasm", file(good(wasm=sha(b"x"))), "signature_invalid", wasm=True)
case(
    "signed in another domain",
    file(signed(statement(), KEYS["old"], domain="driftline.channel/1")),
    "signature_invalid",
)
case(
    "a statement of another format",
    file(signed(statement(format="driftline.channel/1"), KEYS["old"])),
    "signature_invalid",
)
case(
    "a rotation in place of a signature",
    file(rotated("old", "new")),
    "signature_invalid",
)
case(
    "white space in the statement",
    file(signed(statement(), KEYS["old"], text=json.dumps(statement(), sort_keys=True, ensure_ascii=False))),
    "signature_invalid",
)
case(
    "members in another order",
    file(
        signed(
            statement(),
            KEYS["old"],
            text=json.dumps(dict(reversed(sorted(statement().items()))), separators=(",", ":"), ensure_ascii=False),
        )
    ),
    "signature_invalid",
)
case(
    "a member twice",
    file(
        signed(
            statement(),
            KEYS["old"],
            text=canonical(statement()).replace('"sequence":7', '"sequence":1,"sequence":7'),
        )
    ),
    "signature_invalid",
)
case(
    "an escape that need not be",
    file(signed(statement(), KEYS["old"], text=canonical(statement()).replace("é", "\\u00e9"))),
    "signature_invalid",
)
case("an unknown member", file(good(approved=True)), "signature_invalid")
case("no sequence", file(good(sequence=None)), "signature_invalid")
case("a fraction as sequence", file(good(sequence=7.5)), "signature_invalid")
case("a sequence as text", file(good(sequence="7")), "signature_invalid")
case("a negative sequence", file(good(sequence=-1)), "signature_invalid")
case("a sequence that JavaScript cannot count", file(good(sequence=2**53)), "signature_invalid")
case("a time with an offset", file(good(expires="2014-06-03T00:00:00+00:00")), "signature_invalid")
case("a day that is none", file(good(expires="2014-02-30T00:00:00Z")), "signature_invalid")
case("a signature too short", file({**good(), "signature": "00"}), "signature_invalid")
case(
    "a signature in upper case",
    file({**good(), "signature": good()["signature"].upper()}),
    "signature_invalid",
)
case(
    "a rotation was altered",
    file(good(), rotations=[altered(rotated("old", "new"), KEYS["new"].raw.hex(), KEYS["other"].raw.hex())]),
    "signature_invalid",
)
case("a statement that is no JSON", file({**good(), "statement": "{"}), "signature_invalid")
case("an unknown member of the file", file(good(), approved=True), "signature_invalid")
case("no JSON", "{", "signature_invalid")
case("too many signatures", file(*[good() for _ in range(9)]), "signature_invalid")
case("a later format", file(good(), format="driftline.signatures/2"), "format_version")
case("it expires this second", file(good(expires=NOW)), "signature_expired")
case("it expired", file(good(expires="2013-01-01T00:00:00Z")), "signature_expired")
case("older than the least", file(good(sequence=6)), "downgrade", minimum=7)

made = {
    "subject": {"identity": IDENTITY, "name": "flights-délai", "wasm": WASM},
    "keys": {
        name: {"seed": key.seed.hex(), "public": key.raw.hex(), "id": key.id, "pem": key.pem}
        for name, key in KEYS.items()
    },
    "cases": CASES,
}
target = Path(__file__).parent / "signature.json"
target.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n")
print(len(CASES), "cases")
