package io.github.qcow4j.cli.pages;

import static java.util.stream.Collectors.joining;

import java.util.List;
import java.util.Locale;

/** A page of the manual, section 1, for man(1). */
final class ManPage {

  private static final String ENVIRONMENT =
      """
      .SH ENVIRONMENT
      .TP
      .B QCOW4J_REFERENCES
      .BR deny ", " same\\-dir ", " under=\\fIDIR\\fR " or " allow :
      which other files an image may lead to.
      .TP
      .B QCOW4J_TIMEOUT_SECONDS
      as
      .BR \\-\\-timeout ,
      where that is not given.
      .TP
      .B QCOW4J_HOME
      where boxes are; else $XDG_DATA_HOME/qcow4j, else ~/.local/share/qcow4j.
      .TP
      .B QCOW4J_DEBUG
      1 prints stack traces.
      .TP
      .B QCOW4J_JAVA_OPTIONS
      further options for the runtime, such as \\-Xmx4g.
      """;

  private static final String SIZES =
      """
      Sizes are in bytes, or have one of the suffixes k, M, G, T, P and E (1024, 1024k, ...).
      """;

  private final CommandPage page;
  private final String version;
  private final StringBuilder text = new StringBuilder();

  private ManPage(CommandPage page, String version) {
    this.page = page;
    this.version = version;
  }

  /** The name of its file. */
  static String fileName(CommandPage page) {
    return title(page.words()) + ".1";
  }

  /**
   * The page.
   *
   * @param version of the program
   */
  static String of(CommandPage page, String version) {
    return new ManPage(page, version).text();
  }

  private static String title(List<String> words) {
    return String.join("-", words);
  }

  private String text() {
    String program = page.words().getFirst();
    text.append(
        ".TH \"%s\" 1 \"\" \"%s %s\" \"%s\"\n"
            .formatted(title(page.words()).toUpperCase(Locale.ROOT), program, version, program));
    text.append(".SH NAME\n")
        .append(roff(title(page.words())))
        .append(" \\- ")
        .append(roff(Wording.firstSentence(page)))
        .append("\n.SH SYNOPSIS\n.B ")
        .append(roff(page.call()))
        .append("\n[\\fIOPTION\\fR]... ")
        .append(roff(page.operands()))
        .append("\n.SH DESCRIPTION\n")
        .append(roff(Wording.sentences(page.summary())))
        .append('\n');
    if (page.words().size() == 1) {
      text.append(SIZES);
    }
    addCommands();
    addOptions();
    if (page.words().size() == 1) {
      text.append(ENVIRONMENT);
    }
    addSeeAlso();
    return text.toString();
  }

  private void addCommands() {
    if (page.isGroup()) {
      text.append(".SH COMMANDS\n");
      for (CommandPage command : page.commands()) {
        text.append(".TP\n.BR ").append(reference(command)).append('\n');
        text.append(roff(Wording.sentences(Wording.firstSentence(command)))).append('\n');
      }
    }
  }

  private void addOptions() {
    text.append(".SH OPTIONS\n");
    for (CommandPage.Option option : page.options()) {
      String value = option.valueName();
      text.append(".TP\n")
          .append(
              option.names().stream()
                  .map(name -> "\\fB" + roff(name) + "\\fR")
                  .collect(joining(", ")))
          .append(value == null ? "" : " \\fI" + roff(value) + "\\fR")
          .append('\n')
          .append(roff(Wording.sentences(option.help())))
          .append('\n');
    }
  }

  private void addSeeAlso() {
    List<String> words = page.words();
    if (words.size() > 1) {
      text.append(".SH SEE ALSO\n.BR ")
          .append(roff(title(words.subList(0, words.size() - 1))))
          .append(" (1)\n");
    }
  }

  private static String reference(CommandPage command) {
    return roff(title(command.words())) + " (1)";
  }

  /** No hyphens for dashes, no requests at the beginnings of lines. */
  private static String roff(String plain) {
    String escaped = plain.replace("\\", "\\e").replace("-", "\\-").replace("\n", " ");
    return escaped.startsWith(".") || escaped.startsWith("'") ? "\\&" + escaped : escaped;
  }
}
