package io.github.qcow4j.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Properties;

/** Where the program starts. */
public final class Main {
  private Main() {}

  /**
   * Runs the command line and ends the JVM with its exit code.
   *
   * @param args the arguments as the shell gave them
   */
  public static void main(String[] args) throws IOException {
    String personality = System.getProperty("qcow4j.personality", "qcow4j");
    if (List.of(args).equals(List.of("--version"))) {
      System.out.println(personality + " version " + version());
      return;
    }
    System.err.println(personality + ": only --version is known");
    System.exit(1);
  }

  private static String version() throws IOException {
    try (InputStream resource = Main.class.getResourceAsStream("version.properties")) {
      Properties properties = new Properties();
      properties.load(resource);
      return properties.getProperty("version", "unknown");
    }
  }
}
