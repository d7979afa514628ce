//! Columns that hold personal data, by what the values look like and by the column's name.
//!
//! It is a hint, not a proof: a column that is not named here may hold personal data all the same.

use super::shape::Shape;
use super::summary::Summary;

/// Names of columns: the words that must stand in it, and what they tell.
const NAMES: &[(&[&str], &str)] = &[
    (&["email"], "e-mail addresses"),
    (&["mail"], "e-mail addresses"),
    (&["phone"], "telephone numbers"),
    (&["telephone"], "telephone numbers"),
    (&["mobile"], "telephone numbers"),
    (&["fax"], "telephone numbers"),
    (&["ip"], "IP addresses"),
    (&["ipaddress"], "IP addresses"),
    (&["firstname"], "names of people"),
    (&["lastname"], "names of people"),
    (&["fullname"], "names of people"),
    (&["surname"], "names of people"),
    (&["forename"], "names of people"),
    (&["first", "name"], "names of people"),
    (&["last", "name"], "names of people"),
    (&["full", "name"], "names of people"),
    (&["given", "name"], "names of people"),
    (&["family", "name"], "names of people"),
    (&["middle", "name"], "names of people"),
    (&["maiden", "name"], "names of people"),
    (&["customer", "name"], "names of people"),
    (&["client", "name"], "names of people"),
    (&["patient", "name"], "names of people"),
    (&["employee", "name"], "names of people"),
    (&["passenger", "name"], "names of people"),
    (&["contact", "name"], "names of people"),
    (&["holder", "name"], "names of people"),
    (&["owner", "name"], "names of people"),
    (&["user", "name"], "names of people"),
    (&["username"], "names of people"),
    (&["ssn"], "national identity numbers"),
    (&["social", "security"], "national identity numbers"),
    (&["national", "id"], "national identity numbers"),
    (&["tax", "id"], "national identity numbers"),
    (&["passport"], "passport numbers"),
    (&["iban"], "account numbers"),
    (&["account", "number"], "account numbers"),
    (&["card", "number"], "payment card numbers"),
    (&["credit", "card"], "payment card numbers"),
    (&["street"], "postal addresses"),
    (&["address"], "postal addresses"),
    (&["dob"], "dates of birth"),
    (&["birthday"], "dates of birth"),
    (&["birthdate"], "dates of birth"),
    (&["birth", "date"], "dates of birth"),
    (&["password"], "credentials"),
    (&["secret"], "credentials"),
];

/// What the column seems to hold of people; `None` if nothing points to it.
pub fn of(name: &str, summary: &Summary) -> Option<&'static str> {
    let present = summary.present().max(1);
    let share = |n: u64, per_cent: u64| n > 0 && n * 100 >= present * per_cent;
    let by_value = [
        // one address in a column of remarks is one too many
        (summary.shape(Shape::Email) > 0, "e-mail addresses"),
        (share(summary.shape(Shape::Iban), 1), "account numbers"),
        // of digits at random, one in ten has the right check digit
        (share(summary.shape(Shape::Card) + summary.cards, 30), "payment card numbers"),
        (share(summary.shape(Shape::SocialSecurity), 5), "national identity numbers"),
        (share(summary.shape(Shape::Ip), 20), "IP addresses"),
        (share(summary.shape(Shape::Phone), 5), "telephone numbers"),
        (share(summary.shape(Shape::Person), 70), "names of people"),
    ];
    let by_value = by_value.into_iter().find_map(|(found, what)| found.then_some(what));
    by_value.or_else(|| {
        // a flag such as `has_phone` is none
        if summary.present() == summary.booleans && present > 1 {
            return None;
        }
        let words = words(name);
        let named = |wanted: &[&str]| wanted.iter().all(|w| words.iter().any(|found| found == w));
        NAMES.iter().find_map(|(wanted, what)| named(wanted).then_some(*what))
    })
}

/// The words of a name such as `firstName`, `first_name`, `First Name`, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (lower && c.is_uppercase()) {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        lower = c.is_lowercase();
    }
    words.retain(|w| !w.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::super::column::Column;
    use super::*;

    fn found(name: &str, cells: &[&str]) -> Option<&'static str> {
        let mut column = Column::new(false, 1);
        cells.iter().for_each(|c| column.add_cell(c.as_bytes()));
        of(name, &column.finish().summary)
    }

    #[test]
    fn values_and_names_tell() {
        for (name, cells, what) in [
            ("remark", &["ok", "call me", "ada@example.org"][..], "e-mail addresses"),
            ("x", &["4111111111111111", "5555555555554444"], "payment card numbers"),
            ("who", &["Ada Lovelace", "Alan Turing", "Grace Hopper"], "names of people"),
            ("firstName", &["Ada"], "names of people"),
            ("Date of Birth", &["1815-12-10"], "dates of birth"),
            ("client_ip", &["x"], "IP addresses"),
            ("src", &["10.0.0.1", "10.0.0.2"], "IP addresses"),
        ] {
            assert_eq!(found(name, cells), Some(what), "{name}");
        }
    }

    #[test]
    fn other_columns_are_left() {
        for (name, cells) in [
            ("tailnum", &["N14228", "N24211"][..]),
            ("name", &["Endeavor Air Inc.", "American Airlines Inc.", "JetBlue Airways"]),
            ("trip", &["true", "false"]),
            ("has_phone", &["true", "false"]),
            ("id", &["4111111111111112", "4111111111111113", "1372681800000"]),
            ("shipped", &["2013-07-01", "2013-07-02"]),
        ] {
            assert_eq!(found(name, cells), None, "{name}");
        }
    }
}
