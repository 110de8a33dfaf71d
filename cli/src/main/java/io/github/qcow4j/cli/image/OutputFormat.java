package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.option.Option;
import io.github.qcow4j.cli.option.UsageException;

/** How a command's answer is printed. */
enum OutputFormat {
  HUMAN,
  JSON;

  static final Option OPTION = Option.value("output", "OFMT", "human (the default) or json");

  /** The format of that name. */
  static OutputFormat of(String text) throws UsageException {
    return switch (text) {
      case "human" -> HUMAN;
      case "json" -> JSON;
      default ->
          throw UsageException.wrongValue("--output must be used with human or json as argument.");
    };
  }
}
