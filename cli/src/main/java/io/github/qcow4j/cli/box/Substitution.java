package io.github.qcow4j.cli.box;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Puts the disks' paths into the words of a command line, in place of their roles in braces. */
final class Substitution {

  private static final Pattern PLACE = Pattern.compile("\\{([^{}]*)\\}");

  private final Map<String, String> pathOfRole;

  Substitution(Map<String, String> pathOfRole) {
    this.pathOfRole = pathOfRole;
  }

  /**
   * The words with paths. Braces around anything that is no role stay: shells and programs have
   * uses of their own for them.
   */
  List<String> apply(List<String> words) {
    List<String> result = new ArrayList<>();
    for (String word : words) {
      result.add(apply(word));
    }
    return result;
  }

  private String apply(String word) {
    Matcher place = PLACE.matcher(word);
    StringBuilder result = new StringBuilder();
    while (place.find()) {
      String path = pathOfRole.get(place.group(1));
      place.appendReplacement(
          result, Matcher.quoteReplacement(path == null ? place.group() : path));
    }
    return place.appendTail(result).toString();
  }
}
