//! Where a new password comes from: never from the command line, which others can see.

use std::io::BufRead;

use clap::Args;

use crate::cli::CliError;

/// From standard input or from the person at the terminal.
#[derive(Args)]
pub(in crate::cli) struct PasswordFrom {
    /// Read the password from the first line of standard input instead of asking for it
    #[arg(long)]
    password_stdin: bool,
}

impl PasswordFrom {
    /// Asks or reads. What a password may be, the accounts decide.
    pub(super) fn read(&self) -> Result<String, CliError> {
        if self.password_stdin {
            return first_line(&mut std::io::stdin().lock());
        }
        let ask = |prompt| rpassword::prompt_password(prompt).map_err(CliError::NoTerminal);
        let password = ask("Password: ")?;
        if ask("The same again: ")? == password {
            Ok(password)
        } else {
            Err(CliError::PasswordsDiffer)
        }
    }
}

/// The first line without its end; spaces belong to the password.
fn first_line(input: &mut dyn BufRead) -> Result<String, CliError> {
    let mut line = String::new();
    input
        .read_line(&mut line)
        .map_err(CliError::PasswordInput)?;
    let line = line.strip_suffix('\n').unwrap_or(&line);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_first_line_with_its_spaces() {
        let cases = [
            ("secret\n", "secret"),
            ("secret", "secret"),
            ("secret\r\n", "secret"),
            (" two words \nmore\n", " two words "),
            ("", ""),
            ("\n", ""),
        ];
        for (input, expected) in cases {
            let found = first_line(&mut input.as_bytes()).unwrap();
            assert_eq!(found, expected, "{input:?}");
        }
    }
}
