//! Bare counts: two histograms over the same bins, or a list of such.

use driftline::drift::{
    Compared, Criteria, Feature, Found, Noise, Quantiles, check_edges, contingency, g_test,
    hellinger, js_distance, judge, kl_current_baseline, ks, linf, psi, psi_null_expectation,
    psi_null_q95, tvd, wasserstein, wasserstein_by_deviation,
};
use driftline::{Error, ErrorCode, Result};
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A whole number from 0 on; what else JSON may have there is refused and not rounded.
#[derive(Clone, Copy, Debug)]
struct Count(u64);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        struct One;
        impl Visitor<'_> for One {
            type Value = Count;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number from 0 on")
            }
            fn visit_u64<E>(self, count: u64) -> std::result::Result<Count, E> {
                Ok(Count(count))
            }
        }
        from.deserialize_any(One)
    }
}

/// Two histograms. `id`, `kind`, `note` and `values` are what test vectors carry beside them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with baseline_counts and current_counts")]
struct Written {
    #[serde(default)]
    id: Option<String>,
    baseline_counts: Vec<Count>,
    current_counts: Vec<Count>,
    #[serde(default)]
    bin_edges: Option<Vec<f64>>,
    #[serde(default)]
    categories: Option<Vec<String>>,
    #[serde(default, rename = "kind")]
    _kind: de::IgnoredAny,
    #[serde(default, rename = "note")]
    _note: de::IgnoredAny,
    #[serde(default, rename = "values")]
    _values: de::IgnoredAny,
}

/// One or several.
#[derive(Debug)]
pub struct File {
    cases: Vec<Written>,
    /// Whether the file was a list.
    pub listed: bool,
}

impl<'de> Deserialize<'de> for File {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = File;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with baseline_counts and current_counts, or a list of such")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> std::result::Result<File, A::Error> {
                let case = Written::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(File { cases: vec![case], listed: false })
            }
            fn visit_seq<A: SeqAccess<'de>>(
                self,
                mut list: A,
            ) -> std::result::Result<File, A::Error> {
                let mut cases = Vec::new();
                while let Some(case) = list.next_element()? {
                    cases.push(case);
                }
                Ok(File { cases, listed: true })
            }
        }
        from.deserialize_any(Either)
    }
}

/// Two histograms, checked.
#[derive(Debug)]
pub struct Case {
    /// Name, if the file gives one.
    pub id: Option<String>,
    /// Counts of the baseline.
    pub baseline: Vec<u64>,
    /// Counts of the window.
    pub current: Vec<u64>,
    /// Edges of the bins, of numbers.
    pub edges: Option<Vec<f64>>,
}

/// Reads and checks a file of counts.
///
/// # Errors
/// [`ErrorCode::BadInput`] with line and column for what is no such JSON, with the path for counts,
/// edges and categories that do not belong together.
pub fn read(bytes: &[u8]) -> Result<(Vec<Case>, bool)> {
    let file: File = serde_json::from_slice(bytes).map_err(|e| {
        let text = e.to_string();
        let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
        let message =
            message.replace("invalid type: ", "found ").replace("invalid value: ", "found ");
        Error::new(ErrorCode::BadInput, message)
            .with_help("docs/drift.md describes the file")
            .at_line(e.line() as u64, e.column().max(1) as u64)
    })?;
    let listed = file.listed;
    let checked = |(at, case): (usize, Written)| {
        check(case).map_err(|e| {
            let path = e.place().path.clone().unwrap_or_default();
            if listed { e.at_path(format!("[{at}].{path}")) } else { e }
        })
    };
    Ok((file.cases.into_iter().enumerate().map(checked).collect::<Result<_>>()?, listed))
}

fn check(written: Written) -> Result<Case> {
    let plain = |counts: Vec<Count>| counts.into_iter().map(|count| count.0).collect();
    let case = Case {
        id: written.id,
        baseline: plain(written.baseline_counts),
        current: plain(written.current_counts),
        edges: written.bin_edges,
    };
    Compared::of(&case.baseline, &case.current)?;
    let fault =
        |path: &str, message: String| Err(Error::new(ErrorCode::BadInput, message).at_path(path));
    if let Some(edges) = &case.edges {
        check_edges(edges, case.baseline.len())?;
    }
    if let Some(categories) = written.categories {
        if case.edges.is_some() {
            return fault("categories", "bins have either edges or categories".into());
        }
        if categories.len() != case.baseline.len() {
            let (bins, names) = (case.baseline.len(), categories.len());
            return fault("categories", format!("{bins} bins have {names} categories"));
        }
        let mut sorted: Vec<&String> = categories.iter().collect();
        sorted.sort_unstable();
        if let Some([twice, _]) = sorted.windows(2).find(|pair| pair.first() == pair.last()) {
            return fault("categories", format!("`{twice}` is listed twice"));
        }
    }
    Ok(case)
}

/// The statistics of one case, in the names of the test vectors, with our verdict.
#[derive(Debug)]
pub struct Row<'a> {
    /// The counts.
    pub case: &'a Case,
    /// The statistics by name; none where they have no meaning.
    pub metrics: Vec<(&'static str, Option<f64>)>,
    /// Our verdict.
    pub found: Found,
}

/// Works out all cases; those of a list are one window's features.
///
/// # Errors
/// Those of the statistics.
pub fn rows<'a>(cases: &'a [Case], criteria: &Criteria) -> Result<Vec<Row<'a>>> {
    let as_estimates = |case: &Case| case.current.iter().map(|count| *count as f64).collect();
    let currents: Vec<Vec<f64>> = cases.iter().map(as_estimates).collect();
    let features: Vec<Feature<'_>> = cases
        .iter()
        .zip(&currents)
        .map(|(case, current)| Feature {
            baseline: &case.baseline,
            current,
            edges: case.edges.as_deref(),
            noise: Noise::None,
        })
        .collect();
    let found = judge(&features, criteria)?;
    let mut quantiles = Quantiles::default();
    let row = |(case, found)| Ok(Row { case, metrics: metrics(case, &mut quantiles)?, found });
    cases.iter().zip(found).map(row).collect()
}

/// Every statistic of docs/drift.md of unpooled counts.
fn metrics(case: &Case, quantiles: &mut Quantiles) -> Result<Vec<(&'static str, Option<f64>)>> {
    let compared = Compared::of(&case.baseline, &case.current)?;
    let smoothed = match &compared {
        Some(_) => Compared::jeffreys(&case.baseline, &case.current)?,
        None => None,
    };
    let of = |f: fn(&Compared) -> f64| compared.as_ref().map(f);
    let line = |f: fn(&Compared, &[f64]) -> f64| Some(f(compared.as_ref()?, case.edges.as_ref()?));
    let chi2 = compared.as_ref().map(contingency);
    let g = compared.as_ref().map(g_test);
    Ok(vec![
        ("psi_raw", of(psi)),
        ("psi_jeffreys0.5", smoothed.as_ref().map(psi)),
        ("kl_current_baseline_nat", of(kl_current_baseline)),
        ("js_distance_base2", of(js_distance)),
        ("hellinger", of(hellinger)),
        ("tvd", of(tvd)),
        ("linf", of(linf)),
        ("ks_binned_D", of(ks)),
        ("wasserstein_mid", line(wasserstein)),
        ("wasserstein_mid_norm_by_baseline_std", line(wasserstein_by_deviation)),
        ("chi2_contingency_no_correction_stat", chi2.map(|t| t.statistic)),
        ("chi2_contingency_no_correction_p", chi2.map(|t| t.p)),
        ("chi2_contingency_no_correction_dof", chi2.map(|t| f64::from(t.dof))),
        ("g_test_contingency_stat", g.map(|t| t.statistic)),
        ("g_test_contingency_p", g.map(|t| t.p)),
        ("psi_null_expectation", of(psi_null_expectation)),
        ("psi_null_q95", compared.as_ref().map(|c| psi_null_q95(c, quantiles))),
    ])
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(id) = &self.case.id {
            map.serialize_entry("id", id)?;
        }
        for (name, value) in &self.metrics {
            match value {
                // JSON has no infinity; the vectors write it so
                Some(value) if value.is_infinite() => map.serialize_entry(name, "Infinity")?,
                value => map.serialize_entry(name, value)?,
            }
        }
        map.serialize_entry("verdict", &self.found)?;
        map.end()
    }
}
