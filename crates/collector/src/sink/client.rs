//! Statements over ClickHouse's HTTP interface.

use super::{ClickHouse, sql};
use crate::limits::{MAX_SINK_ANSWER_BYTES, SINK_CONNECT_TIMEOUT, SINK_TIMEOUT};
use crate::store::{Fault, Stored};
use serde::de::DeserializeOwned;
use std::io::{BufRead, BufReader};
use ureq::Agent;

/// Characters of an error of ClickHouse's that are told.
const TOLD: usize = 300;

/// Connections to one ClickHouse.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    at: ClickHouse,
}

impl Client {
    /// Connects when it is first asked.
    pub fn new(at: ClickHouse) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(SINK_TIMEOUT))
            .timeout_connect(Some(SINK_CONNECT_TIMEOUT))
            // its body says what went wrong
            .http_status_as_error(false)
            // what is sent is for one host
            .max_redirects(0)
            .build();
        Self { agent: config.new_agent(), at }
    }

    /// Makes the database and its tables where they are missing.
    ///
    /// # Errors
    /// [`Fault::Sink`].
    pub fn prepare(&self) -> Stored<()> {
        let make = format!("CREATE DATABASE IF NOT EXISTS {}", self.at.database);
        self.send(&[("query", &make)], b"", false)?;
        for statement in sql::SCHEMA.split(';') {
            self.change(statement, &[])?;
        }
        Ok(())
    }

    /// Runs a statement that answers nothing. `more`: parameters and settings.
    ///
    /// # Errors
    /// [`Fault::Sink`].
    pub fn change(&self, statement: &str, more: &[(&str, &str)]) -> Stored<()> {
        let mut pairs = more.to_vec();
        pairs.push(("query", statement));
        self.send(&pairs, b"", true).map(|_| ())
    }

    /// Adds rows of JSON, one a line, to a table; those of a `token` that came before are not added
    /// again.
    ///
    /// # Errors
    /// [`Fault::Sink`]; whether the rows were added is then not known.
    pub fn insert(&self, table: &str, rows: &[u8], token: &str) -> Stored<()> {
        let query = format!("INSERT INTO {table} FORMAT JSONEachRow");
        let pairs = [
            ("query", &*query),
            ("insert_deduplication_token", token),
            ("insert_deduplicate", "1"),
            // the answer must mean that they are there
            ("async_insert", "0"),
        ];
        self.send(&pairs, rows, true).map(|_| ())
    }

    /// Asks; each row of the answer goes to `take`.
    ///
    /// # Errors
    /// [`Fault::Sink`], and those of `take`.
    pub fn ask<T: DeserializeOwned>(
        &self,
        query: &str,
        parameters: &[(&str, &str)],
        mut take: impl FnMut(T) -> Stored<()>,
    ) -> Stored<()> {
        let mut pairs = parameters.to_vec();
        let query = format!("{query} FORMAT JSONEachRow");
        pairs.extend([
            ("query", &*query),
            ("output_format_json_quote_64bit_integers", "1"),
            // each day is in one partition
            ("do_not_merge_across_partitions_select_final", "1"),
        ]);
        let body = self.send(&pairs, b"", true)?;
        let body = body.into_with_config().limit(MAX_SINK_ANSWER_BYTES).reader();
        for line in BufReader::new(body).lines() {
            let line = line.map_err(|error| Fault::Sink(error.to_string()))?;
            if line.is_empty() {
                continue;
            }
            let row = serde_json::from_str(&line);
            take(row.map_err(|_| Fault::Sink("an answer has another form".to_owned()))?)?;
        }
        Ok(())
    }

    fn send(&self, pairs: &[(&str, &str)], body: &[u8], inside: bool) -> Stored<ureq::Body> {
        let mut request = self.agent.post(&self.at.url);
        if inside {
            request = request.query("database", &self.at.database);
        }
        // without it a fault in the middle would come with a status of success
        request = request.query("wait_end_of_query", "1");
        for (name, value) in pairs {
            request = request.query(name, value);
        }
        if let Some(user) = &self.at.user {
            request = request.header("x-clickhouse-user", user);
        }
        if let Some(password) = &self.at.password {
            request = request.header("x-clickhouse-key", password);
        }
        let answer = request.send(body).map_err(|error| Fault::Sink(error.to_string()))?;
        let status = answer.status().as_u16();
        if status == 200 {
            return Ok(answer.into_body());
        }
        let said = answer.into_body().into_with_config().limit(1 << 16).lossy_utf8(true);
        let said = said.read_to_string().unwrap_or_default();
        let said: String = said.chars().take(TOLD).collect();
        Err(Fault::Sink(format!("{status}: {}", said.replace('\n', " "))))
    }
}
