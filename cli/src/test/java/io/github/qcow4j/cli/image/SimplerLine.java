package io.github.qcow4j.cli.image;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A command without one of the things that it can do without. */
final class SimplerLine {

  private static final Pattern OPTIONS = Pattern.compile(" -o ([^ ]+)");
  private static final Pattern BACKING = Pattern.compile(" -b [^ ]+ -F [^ ]+");

  private SimplerLine() {}

  /** All that are simpler by one thing. */
  static List<String> of(String line) {
    List<String> simpler = new ArrayList<>();
    Matcher backing = BACKING.matcher(line);
    if (line.startsWith("qemu-img create ") && backing.find()) {
      simpler.add(backing.replaceFirst(""));
    }
    Matcher matcher = OPTIONS.matcher(line);
    if (matcher.find()) {
      List<String> options = Arrays.asList(matcher.group(1).split(",", -1));
      for (int i = 0; i < options.size(); i++) {
        List<String> fewer = new ArrayList<>(options);
        fewer.remove(i);
        simpler.add(
            line.substring(0, matcher.start())
                + (fewer.isEmpty() ? "" : " -o " + String.join(",", fewer))
                + line.substring(matcher.end()));
      }
    }
    return simpler;
  }
}
