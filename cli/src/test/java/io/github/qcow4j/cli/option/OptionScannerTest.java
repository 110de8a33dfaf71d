package io.github.qcow4j.cli.option;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Arguments are taken as getopt_long(3) takes them. */
final class OptionScannerTest {

  private static final OptionTable TABLE =
      OptionTable.of(
          Option.value('f', "format", "FMT", ""),
          Option.flag('U', "force-share", ""),
          Option.flag('q', "quiet", ""),
          Option.value("output", "OFMT", ""),
          Option.value("object", "OBJECT", ""),
          Option.extension("outside", "X", ""));

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "                       |                                | ",
        "a b                    |                                | a b",
        "-f raw a               | format=raw                     | a",
        "-fraw a                | format=raw                     | a",
        "--format raw a         | format=raw                     | a",
        "--format=raw a         | format=raw                     | a",
        "--format= a            | format=                        | a",
        "--forma raw a          | format=raw                     | a",
        "--outp=json a          | output=json                    | a",
        "--outside=x            | outside=x                      | ",
        "a -U b                 | force-share                    | a b",
        "-Uq a                  | force-share quiet              | a",
        "-Uqfraw a              | force-share quiet format=raw   | a",
        "-Uqf raw a             | force-share quiet format=raw   | a",
        "-f -U a                | format=-U                      | a",
        "-f -- a                | format=--                      | a",
        "-- -U a                |                                | -U a",
        "a -- -U --             | | a -U --",
        "-                      |                                | -",
        "-q -q                  | quiet quiet                    | ",
      })
  void optionsComeOutInOrderAndTheRestAreOperands(String arguments, String options, String operands)
      throws UsageException {
    OptionScanner scanner = new OptionScanner(TABLE, words(arguments));
    StringBuilder met = new StringBuilder();
    for (Option option = scanner.next(); option != null; option = scanner.next()) {
      met.append(met.isEmpty() ? "" : " ").append(option.name());
      if (option.takesValue()) {
        met.append('=').append(scanner.value());
      }
    }
    assertThat(met).hasToString(String.join(" ", words(options)));
    assertThat(scanner.operands()).isEqualTo(words(operands));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "-z                | unrecognized option '-z'",
        "-Uz               | unrecognized option '-Uz'",
        "--nope            | unrecognized option '--nope'",
        "--nope=1          | unrecognized option '--nope=1'",
        "--force-share=1   | unrecognized option '--force-share=1'",
        "--o=json          | unrecognized option '--o=json'",
        "-f                | missing argument for option '-f'",
        "-Uf               | missing argument for option '-Uf'",
        "--output          | missing argument for option '--output'",
        "a -f              | missing argument for option '-f'",
      })
  void mistakesAreRefusedInTheWordsOfQemuImg(String arguments, String message) {
    assertRefused(words(arguments), message);
  }

  @Test
  void ourOwnOptionsAreSpelledOutBecauseAbbreviationsBelongToQemuImg() {
    assertRefused(List.of("--outs=x"), "unrecognized option '--outs=x'");
  }

  @Test
  void theFirstMistakeFromTheLeftIsReported() {
    assertRefused(List.of("-q", "-x", "-y"), "unrecognized option '-x'");
  }

  private static void assertRefused(List<String> arguments, String message) {
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> {
          OptionScanner scanner = new OptionScanner(TABLE, arguments);
          while (scanner.next() != null) {
            assertThat(scanner.operands()).isNotNull();
          }
        })
        .withMessage(message)
        .matches(UsageException::pointingToHelp);
  }

  private static List<String> words(String text) {
    return text == null || text.isBlank() ? List.of() : List.of(text.strip().split(" +"));
  }
}
