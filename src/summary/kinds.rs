//! What blocks and cells are called.

use serde::Serialize;

macro_rules! named {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident $text:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// All of them, in the order of this file.
            pub const ALL: [Self; [$($text),*].len()] = [$(Self::$variant),*];

            /// The stable string.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

named! {
    /// What the cells of a block count.
    BlockKind {
        /// One cell: the records of the window. Always the first.
        Records "records",
        /// One input, each record in exactly one cell: the baseline's bins, then the specials.
        Input "input",
        /// Predicted label; the last cell is that of records without one. Of several labels at
        /// once, each that has at least one half.
        Label "label",
        /// Confidence in the predicted label, a block a label; above
        /// [`crate::limits::MAX_SUMMARY_LABELS`] labels one block for all.
        Confidence "confidence",
        /// Σ of the calibrated confidence by predicted label, in millionths.
        ConfidenceSum "confidence_sum",
        /// Predicted number of a regression or ranking; the last cell is that of records without one.
        Value "value",
        /// What to do.
        Action "action",
        /// Why.
        Reason "reason",
        /// Broken clauses: a row an input and one for the record as a whole, a column a code.
        Violation "violation",
        /// How strange the record is; the last cell is that of records that were not judged.
        Novelty "novelty",
        /// Time of a prediction, of those that the host timed.
        Latency "latency",
        /// What went wrong outside decisions: errors of calls, traps of the instance.
        Fault "fault",
        /// Truth that came back: a row a truth, a column a predicted label and one for none. Above
        /// [`crate::limits::MAX_SUMMARY_LABELS`] labels, wrong and right by predicted label; of several labels at once,
        /// by label whether it was predicted and whether it was true; of a number, its bins.
        OutcomeTruth "outcome_truth",
        /// Wrong and right answers by confidence, then by action.
        OutcomeCorrect "outcome_correct",
        /// One declared metric: its sum in millionths by action, then how many came by action.
        OutcomeMetric "outcome_metric",
        /// What became of decisions that were followed up.
        OutcomeFollow "outcome_follow",
        /// One declared segment: the main cells again for each of its values and for all others.
        Segment "segment",
    }
}

named! {
    /// What an input's value is if it is in no bin.
    Special {
        /// There was none.
        Missing "missing",
        /// Below the first edge.
        Below "below",
        /// Above the last edge.
        Above "above",
        /// A category that the baseline does not list.
        Unseen "unseen",
        /// It broke a clause.
        Invalid "invalid",
    }
}

named! {
    /// What became of a decision that was followed up.
    Follow {
        /// Truth or a metric came back, in time or late.
        Answered "answered",
        /// It came back after its time-out.
        Late "late",
        /// It names a decision that is not known, or not any more.
        Unknown "unknown",
        /// The time-out passed without an answer.
        TimedOut "timed_out",
        /// It made room for newer ones before its time-out.
        Forgotten "forgotten",
    }
}
