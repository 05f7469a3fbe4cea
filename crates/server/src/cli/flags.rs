//! One flag for each setting, made from the table of keys.

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use crate::config::{KEYS, Key, Kind};

/// The settings given as flags: keys with their text. `--data-dir` is not among them, it
/// belongs to every command.
#[derive(Clone, Debug, Default)]
pub(super) struct SettingFlags {
    pub(super) given: Vec<(&'static str, String)>,
}

fn keys() -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(|key| key.path != "data_dir")
}

impl Args for SettingFlags {
    fn augment_args(command: Command) -> Command {
        keys().fold(command, |command, key| {
            let help = format!(
                "{} [default: {}, env: {}]",
                key.help,
                key.default,
                key.variable()
            );
            let arg = Arg::new(key.path)
                .long(key.flag())
                .value_name(key.kind.placeholder())
                .help(help);
            command.arg(match key.kind {
                // The flag alone says yes.
                Kind::Flag => arg.num_args(0..=1).default_missing_value("true"),
                _ => arg,
            })
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        SettingFlags::augment_args(command)
    }
}

impl FromArgMatches for SettingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<SettingFlags, clap::Error> {
        let mut flags = SettingFlags::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.given = keys()
            .filter_map(|key| {
                let text = matches.get_one::<String>(key.path)?;
                Some((key.path, text.clone()))
            })
            .collect();
        Ok(())
    }
}
