//! A bill of materials in CycloneDX 1.6: the model as a component with its card, and all that it was
//! made from. The same bundle gives the same text.

use super::Told;
use crate::provenance::{Card, Provenance};
use driftline::contract::{Contract, Outputs};
use serde_json::{Map, Value as Json, json};

/// The document.
pub fn bom(told: &Told<'_>) -> Json {
    let name = &told.manifest.name;
    let card = told.provenance.and_then(|p| p.card.as_ref());
    let data = told.provenance.map(datasets).unwrap_or_default();
    let mut components = data.clone();
    components.extend(files(told));
    components.extend(told.provenance.map(libraries).unwrap_or_default());
    let refs: Vec<Json> = components.iter().map(|c| c["bom-ref"].clone()).collect();
    let mut model = json!({
        "type": "machine-learning-model",
        "bom-ref": told.identity,
        "name": name,
        "version": told.identity,
        "modelCard": model_card(told, card, &data),
        "properties": [
            property("driftline:identity", told.identity),
            property("driftline:runtime", told.manifest.runtime.kind.as_str()),
        ],
    });
    set(&mut model, "description", told.contract.description.as_deref().map(Json::from));
    if let Some(provenance) = told.provenance {
        let licence = provenance.licence.as_ref();
        set(&mut model, "licenses", licence.map(|l| json!([{ "expression": l }])));
        let author = provenance.author.as_ref();
        set(&mut model, "authors", author.map(|a| json!([{ "name": a }])));
        set(&mut model, "pedigree", pedigree(provenance));
    }
    let mut metadata = json!({
        "tools": { "components": [{
            "type": "application", "name": "driftline", "version": env!("CARGO_PKG_VERSION"),
        }] },
        "component": model,
    });
    let created = told.provenance.and_then(|p| p.created.as_deref());
    set(&mut metadata, "timestamp", created.map(Json::from));
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": serial(told.identity),
        "version": 1,
        "metadata": metadata,
        "components": components,
        "dependencies": [{ "ref": told.identity, "dependsOn": refs }],
    })
}

/// A UUID of one's own making (RFC 9562, version 8) from the identity's first digits.
fn serial(identity: &str) -> String {
    let digits = identity.strip_prefix("sha256:").unwrap_or(identity);
    let of = |from: usize, to: usize| digits.get(from..to).unwrap_or("0");
    format!("urn:uuid:{}-{}-8{}-8{}-{}", of(0, 8), of(8, 12), of(12, 15), of(15, 18), of(18, 30))
}

fn set(value: &mut Json, name: &str, member: Option<Json>) {
    if let (Json::Object(map), Some(member)) = (value, member) {
        map.insert(name.to_owned(), member);
    }
}

fn property(name: &str, value: &str) -> Json {
    json!({ "name": name, "value": value })
}

/// The hashes of a digest that is one of a file's bytes.
fn hashes(digests: &[&str]) -> Vec<Json> {
    let hash = |digest: &&str| {
        let (scheme, content) = digest.split_once(':')?;
        let alg = match (scheme, content.len()) {
            ("sha256", 64) => "SHA-256",
            ("md5", 32) => "MD5",
            _ => return None,
        };
        Some(json!({ "alg": alg, "content": content }))
    };
    digests.iter().filter_map(hash).collect()
}

fn component(kind: &str, reference: String, name: &str, digests: &[&str]) -> Json {
    let mut made = json!({ "type": kind, "bom-ref": reference, "name": name });
    let hashes = hashes(digests);
    set(&mut made, "hashes", (!hashes.is_empty()).then(|| hashes.into()));
    let other: Vec<Json> = digests
        .iter()
        .filter(|digest| crate::card::bom::hashes(&[*digest]).is_empty())
        .map(|digest| property("driftline:digest", digest))
        .collect();
    set(&mut made, "properties", (!other.is_empty()).then(|| other.into()));
    made
}

/// What DVC tracks, as data sets.
fn datasets(provenance: &Provenance) -> Vec<Json> {
    let tracked = provenance.dvc.iter().flat_map(|f| f.tracked.iter().map(move |t| (f, t)));
    tracked
        .enumerate()
        .map(|(n, (file, t))| {
            let mut digests = vec![&*t.digest];
            // of a directory it is the hash of a list, and of no file
            digests.extend(t.sha256.as_deref().filter(|_| t.files.is_none()));
            let mut made = component("data", format!("data:{n}"), &t.path, &digests);
            let what = format!("tracked by {}", file.name);
            set(&mut made, "description", Some(what.into()));
            let kind = if t.input || t.stage.is_none() { "dataset" } else { "other" };
            set(&mut made, "data", Some(json!([{ "type": kind, "name": t.path }])));
            made
        })
        .collect()
}

/// The bundle's parts, and the files that it was made from.
fn files(told: &Told<'_>) -> Vec<Json> {
    let part = |p: &driftline::bundle::Part| {
        let digest = format!("sha256:{}", p.sha256);
        let mut made = component("file", format!("part:{}", p.name), &p.name, &[&digest]);
        set(&mut made, "mime-type", Some(p.media_type.clone().into()));
        made
    };
    let mut all: Vec<Json> = told.manifest.parts.iter().map(part).collect();
    // DVC's data stands among the data sets already
    let tracked = |digest: &str| {
        let mut data = told.provenance.iter().flat_map(|p| &p.dvc).flat_map(|f| &f.tracked);
        data.any(|t| t.digest == digest)
    };
    for (n, r) in told.manifest.references.iter().enumerate() {
        if !tracked(&r.digest) {
            let mut made = component("file", format!("reference:{n}"), &r.name, &[&r.digest]);
            set(&mut made, "description", Some(format!("made from: {}", r.role).into()));
            all.push(made);
        }
    }
    all
}

fn libraries(provenance: &Provenance) -> Vec<Json> {
    let packages = provenance.environment.iter().flat_map(|e| &e.packages);
    packages
        .enumerate()
        .map(|(n, p)| {
            json!({
                "type": "library", "bom-ref": format!("package:{n}"), "name": p.name,
                "version": p.version,
                "purl": format!("pkg:pypi/{}@{}", p.name.to_lowercase().replace('_', "-"), p.version.replace('+', "%2B")),
            })
        })
        .collect()
}

fn pedigree(provenance: &Provenance) -> Option<Json> {
    let mut made = json!({});
    if let Some(git) = &provenance.git {
        set(&mut made, "commits", Some(json!([{ "uid": git.commit }])));
    }
    let mut notes = Vec::new();
    if provenance.git.as_ref().is_some_and(|git| git.dirty) {
        notes.push("built from changes that no commit has".to_owned());
    }
    for run in &provenance.mlflow {
        notes.extend(run.run_id.as_ref().map(|id| format!("MLflow run {id}")));
        notes.extend(run.model_uuid.as_ref().map(|id| format!("MLflow model {id}")));
    }
    set(&mut made, "notes", (!notes.is_empty()).then(|| notes.join("; ").into()));
    made.as_object().is_some_and(|m| !m.is_empty()).then_some(made)
}

fn model_card(told: &Told<'_>, card: Option<&Card>, data: &[Json]) -> Json {
    let datasets: Vec<Json> = data.iter().map(|d| json!({ "ref": d["bom-ref"] })).collect();
    let mut parameters = json!({ "inputs": inputs(told.contract) });
    if let Some(outputs) = &told.contract.outputs {
        set(&mut parameters, "task", Some(task(outputs)));
        let labels = outputs.labels.iter().map(|l| json!({ "format": l })).collect::<Vec<_>>();
        let formats = if labels.is_empty() { vec![json!({ "format": "number" })] } else { labels };
        set(&mut parameters, "outputs", Some(formats.into()));
    }
    set(&mut parameters, "datasets", (!datasets.is_empty()).then(|| datasets.into()));
    let mut made = json!({ "modelParameters": parameters });
    let Some(card) = card else { return made };
    let metrics: Vec<Json> = card
        .metrics
        .iter()
        .map(|m| {
            let mut metric = json!({ "type": m.name, "value": m.value.to_string() });
            set(&mut metric, "slice", m.slice.as_deref().map(Json::from));
            let mut interval = Map::new();
            for (name, end) in [("lowerBound", m.lower), ("upperBound", m.upper)] {
                interval.extend(end.map(|x| (name.to_owned(), x.to_string().into())));
            }
            let interval = (!interval.is_empty()).then(|| interval.into());
            set(&mut metric, "confidenceInterval", interval);
            metric
        })
        .collect();
    let analysis = (!metrics.is_empty()).then(|| json!({ "performanceMetrics": metrics }));
    set(&mut made, "quantitativeAnalysis", analysis);
    let mut considerations = json!({});
    let lists = [
        ("users", &card.users),
        ("useCases", &card.intended_use),
        ("technicalLimitations", &card.limits),
        ("performanceTradeoffs", &card.tradeoffs),
    ];
    for (name, list) in lists {
        set(&mut considerations, name, (!list.is_empty()).then(|| json!(list)));
    }
    let ethics: Vec<Json> = card.ethics.iter().map(|text| json!({ "name": text })).collect();
    set(&mut considerations, "ethicalConsiderations", (!ethics.is_empty()).then(|| ethics.into()));
    let any = considerations.as_object().is_some_and(|m| !m.is_empty());
    set(&mut made, "considerations", any.then_some(considerations));
    let more = [
        ("out_of_scope", &card.out_of_scope),
        ("training_data", &card.training_data),
        ("evaluation_data", &card.evaluation_data),
        ("link", &card.links),
    ];
    let mut properties: Vec<Json> = more
        .iter()
        .flat_map(|(name, list)| {
            list.iter().map(move |text| property(&format!("driftline:{name}"), text))
        })
        .collect();
    properties.extend(card.more.iter().map(|(name, text)| property(name, text)));
    set(&mut made, "properties", (!properties.is_empty()).then(|| properties.into()));
    made
}

/// As CycloneDX names formats: any text.
fn inputs(contract: &Contract) -> Vec<Json> {
    contract
        .inputs
        .iter()
        .map(|input| json!({ "format": format!("{}: {}", input.name, input.kind.as_str()) }))
        .collect()
}

fn task(outputs: &Outputs) -> Json {
    serde_json::to_value(outputs.kind).unwrap_or_default()
}
