import { testLabOnThreads } from "./helpers/lab-on-threads.js";

testLabOnThreads("3C", 1);
