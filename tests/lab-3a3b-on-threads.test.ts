import { testLabOnThreads } from "./helpers/lab-on-threads.js";

testLabOnThreads("3A|3B", 1);
