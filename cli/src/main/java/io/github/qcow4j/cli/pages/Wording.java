package io.github.qcow4j.cli.pages;

/** Texts of commands, cut to the place they go to. */
final class Wording {

  private Wording() {}

  /** What a command does, in one sentence without a full stop. */
  static String firstSentence(CommandPage page) {
    String text = page.summary();
    int end = text.indexOf(". ");
    String sentence = end < 0 ? text : text.substring(0, end);
    return sentence.endsWith(".") ? sentence.substring(0, sentence.length() - 1) : sentence;
  }

  /** All that is said of it, closed by a full stop. */
  static String sentences(String text) {
    return text.isEmpty() || text.endsWith(".") ? text : text + ".";
  }
}
