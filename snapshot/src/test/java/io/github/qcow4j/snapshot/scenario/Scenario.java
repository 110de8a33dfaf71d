package io.github.qcow4j.snapshot.scenario;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Which scenarios of the list a test plays; see {@link ScenarioListTest}. */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@interface Scenario {

  /** Their numbers, 1 to 67. */
  int[] value();
}
